/** The table in which many variants are edited, without its looks. Nothing here talks to the shop. */

import { minor, typed } from '../../../format';
import { shop } from '../../../shop';
import type { VariantChange } from '../../bulk';
import type { Variant } from '../../catalog';

export const COLUMNS = ['price', 'compare_at_price', 'cost', 'barcode'] as const;
export type Column = (typeof COLUMNS)[number];

/** What was typed into the cells of a row, and over which version of the variant. */
export type Typed = { version: number | undefined; cells: Partial<Record<Column, string>> };

/** What is in a cell as long as nothing is typed into it. */
export function shown(variant: Variant, column: Column, locale: string): string {
  if (column === 'barcode') return variant.barcode ?? '';
  const money = variant[column];
  return money ? typed(money, locale) : '';
}

/** With a cell typed into; what is as it was again is not typed. */
export function type(
  row: Typed | undefined,
  variant: Variant,
  column: Column,
  text: string,
  locale: string,
): Typed | undefined {
  const { [column]: _, ...others } = row?.cells ?? {};
  const cells = text === shown(variant, column, locale) ? others : { ...others, [column]: text };
  if (Object.keys(cells).length === 0) return undefined;
  return { version: row ? row.version : (variant.version ?? undefined), cells };
}

/** Whether a cell's text is what its column takes. */
export function valid(column: Column, text: string): boolean {
  const trimmed = text.trim();
  if (column === 'barcode') return trimmed.length <= 255;
  if (trimmed === '') return column !== 'price';
  const amount = minor(trimmed, shop.currency);
  return amount !== null && Number.isSafeInteger(amount) && amount >= 0;
}

/** What is sent of a row. */
export function changeOf(id: string, { version, cells }: Typed): VariantChange {
  const change: VariantChange = { id };
  for (const column of COLUMNS) {
    const text = cells[column]?.trim();
    if (text === undefined) continue;
    if (column === 'barcode') {
      change.barcode = text || null;
      continue;
    }
    const amount = text === '' ? null : minor(text, shop.currency);
    const money = amount === null ? null : { amount, currency: shop.currency };
    if (column !== 'price') change[column] = money;
    else if (money) change.price = money;
  }
  if (version !== undefined) change.if_version = version;
  return change;
}

/** The cells of what was copied in a spreadsheet. */
export function pasted(text: string): string[][] {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.split('\t').map((cell) => cell.trim()));
}
