/** The variants that a product's options make. Nothing here talks to the shop. */

import type { Schemas } from '../../../api/client';

export type Option = { key: string; name: string; values: string[] };

export type Row = {
  /** Absent for a variant that is not saved yet. */
  id?: string | undefined;
  options: Record<string, string>;
  /** There is no such variant, though its values could be combined. */
  off: boolean;
  sku: string;
  price: number | null;
  compare_at_price: number | null;
  barcode: string;
  weight_grams: number;
  inventory_policy: Schemas['InventoryPolicy'];
  /** Null leaves what there is. */
  on_hand: number | null;
  /** What there was when `on_hand` was typed; null for a variant that is not saved yet. */
  expected: number | null;
  image: string | null;
  requires_shipping: boolean;
  taxable: boolean;
  tax_code: string | null;
  weight_unit: string | null;
};

/** Variants a product may have. */
export const MAX_VARIANTS = 250;
export const MAX_OPTIONS = 3;

let keys = 0;
/** A name for an option that lasts while its own is being typed. */
export const newOption = (name = '', values: string[] = []): Option => ({
  key: `option-${keys++}`,
  name,
  values,
});

export const blank: Row = {
  options: {},
  off: false,
  sku: '',
  price: null,
  compare_at_price: null,
  barcode: '',
  weight_grams: 0,
  inventory_policy: 'deny',
  on_hand: null,
  expected: null,
  image: null,
  requires_shipping: true,
  taxable: true,
  tax_code: null,
  weight_unit: null,
};

/** Options there is something to choose of. Their names may still be being typed. */
export function usable(options: Option[]): Option[] {
  return options.filter((it) => it.values.length > 0);
}

/**
 * A row for every combination of the options' values: the one there is already for these values,
 * or a new one. A variant that lacks an option, because that was just added, gets its first value.
 * Null where there would be too many.
 */
export function matrix(options: Option[], rows: Row[]): Row[] | null {
  const all = usable(options);
  const count = all.reduce((product, it) => product * it.values.length, 1);
  if (count > MAX_VARIANTS) return null;
  let combinations: Record<string, string>[] = [{}];
  for (const { name, values } of all) {
    combinations = combinations.flatMap((it) => values.map((value) => ({ ...it, [name]: value })));
  }
  const left = [...rows];
  const pattern = rows[0];
  return combinations.map((wanted) => {
    const at = left.findIndex((row) =>
      all.every(({ name, values }) => (row.options[name] ?? values[0]) === wanted[name]),
    );
    const found = at >= 0 ? left.splice(at, 1)[0] : undefined;
    if (found) return { ...found, options: wanted };
    // Variants of a product mostly cost and weigh the same.
    return {
      ...blank,
      options: wanted,
      price: pattern?.price ?? null,
      compare_at_price: pattern?.compare_at_price ?? null,
      weight_grams: pattern?.weight_grams ?? 0,
      inventory_policy: pattern?.inventory_policy ?? 'deny',
      requires_shipping: pattern?.requires_shipping ?? true,
      taxable: pattern?.taxable ?? true,
      tax_code: pattern?.tax_code ?? null,
      weight_unit: pattern?.weight_unit ?? null,
      on_hand: 0,
    };
  });
}

/** A figure that is typed goes by the one that was seen; the same again changes nothing. */
export function counted(row: Row, on_hand: number | null, stock: number | undefined) {
  const expected = row.expected ?? stock ?? null;
  return on_hand === null || on_hand === expected
    ? { on_hand: null, expected: null }
    : { on_hand, expected };
}

/** An option's new name in the variants that have it. */
export function renamed(rows: Row[], from: string, to: string): Row[] {
  return rows.map((row) => {
    if (!(from in row.options)) return row;
    const { [from]: value = '', ...rest } = row.options;
    return { ...row, options: { ...rest, [to]: value } };
  });
}

/** What the variants without those that are switched off are in the form: the shop's `variants[n]` is row `n` of these. */
export function offered(rows: Row[]): { row: Row; at: number }[] {
  return rows.map((row, at) => ({ row, at })).filter(({ row }) => !row.off);
}
