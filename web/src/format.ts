/** Money, numbers and dates as the reader writes them. */

import { useMemo } from 'react';

import type { Schemas } from './api/client';
import { useLanguage } from './texts';

export type Money = Schemas['Money'];

/**
 * Currencies that browsers write with fewer digits than ISO 4217 gives them, by which the shop
 * counts: most of them two, since nobody pays with coins of less any more.
 */
const COUNTED: Record<string, number> = { IQD: 3 };
for (const code of 'AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK PKR SLL SOS SYP YER'.split(' ')) {
  COUNTED[code] = 2;
}

/** Digits after the decimal separator of a currency. */
function digits(currency: string): number {
  return (
    COUNTED[currency] ??
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
      .maximumFractionDigits ??
    2
  );
}

/** An amount in the currency's main unit: 19.99 for 1999 cents. */
export function major({ amount, currency }: Money): number {
  return amount / 10 ** digits(currency);
}

/** The other way round; null where it is no amount. */
export function minor(text: string | number, currency: string): number | null {
  const value = typeof text === 'number' ? text : Number(text.trim().replace(',', '.'));
  if (text === '' || !Number.isFinite(value)) return null;
  return Math.round(value * 10 ** digits(currency));
}

/** How to write things in one locale. */
export function formats(locale: string) {
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const number = new Intl.NumberFormat(locale);
  const rating = new Intl.NumberFormat(locale, {
    maximumFractionDigits: 1,
    minimumFractionDigits: 1,
  });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const languages = new Intl.DisplayNames(locale, { type: 'language' });
  const money = new Map<string, Intl.NumberFormat>();
  return {
    money: (value: Money) => {
      let format = money.get(value.currency);
      if (!format) {
        const { currency } = value;
        const count = digits(currency);
        const fraction = { minimumFractionDigits: count, maximumFractionDigits: count };
        format = new Intl.NumberFormat(locale, { style: 'currency', currency, ...fraction });
        money.set(value.currency, format);
      }
      return format.format(major(value));
    },
    date: (text: string) => date.format(new Date(text)),
    time: (text: string) => time.format(new Date(text)),
    number: (value: number) => number.format(value),
    rating: (value: number) => rating.format(value),
    percent: (value: number) => percent.format(value),
    /** What a language is called, by its tag. */
    language: (tag: string) => languages.of(tag) ?? tag,
  };
}

/** The formats of the current language. */
export function useFormats() {
  const { locale } = useLanguage();
  return useMemo(() => formats(locale), [locale]);
}
