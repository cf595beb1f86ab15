import { NumberInput, type NumberInputProps } from '@mantine/core';

import { major, minor } from '../../format';
import { shop } from '../../shop';
import { useLanguage } from '../../texts';

type Props = Omit<NumberInputProps, 'value' | 'onChange' | 'defaultValue'> & {
  /** In minor units; null where nothing is filled in. */
  value: number | null;
  onChange: (amount: number | null) => void;
  currency?: string;
};

/** An amount of money, written in the main unit and kept in minor ones. */
export function MoneyInput({ value, onChange, currency = shop.currency, ...rest }: Props) {
  const { locale } = useLanguage();
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const sign = format.formatToParts(0).find((it) => it.type === 'currency')?.value ?? currency;
  const comma = format.formatToParts(1.5).find((it) => it.type === 'decimal')?.value ?? '.';
  return (
    <NumberInput
      min={0}
      hideControls
      inputMode="decimal"
      decimalSeparator={comma}
      allowedDecimalSeparators={[',', '.']}
      decimalScale={format.resolvedOptions().maximumFractionDigits ?? 2}
      fixedDecimalScale
      leftSection={sign}
      leftSectionWidth={sign.length > 1 ? 44 : 30}
      {...rest}
      value={value === null ? '' : major({ amount: value, currency })}
      onChange={(text) => onChange(text === '' ? null : minor(text, currency))}
    />
  );
}
