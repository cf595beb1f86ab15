/**
 * Which variant is meant. There is always one: choosing a value leads to the variant that has it.
 * An option is judged under the values chosen for those before it, so that the first one is
 * always free and nobody gets stuck between two that exclude each other.
 */

import type { Product, Variant } from '../products';

export type Options = Product['options'];

/** `none`: there is no such variant; `gone`: there is, but it is sold out. */
export type Fate = 'there' | 'gone' | 'none';

export type Value = { value: string; fate: Fate };

export type Group = {
  name: string;
  chosen: string | undefined;
  values: Value[];
  /** The values above that rule some of these out. */
  because: string[];
};

export function canBuy(variant: Variant): boolean {
  return variant.available == null || variant.available > 0;
}

/** The variant with this SKU, else the first that can be bought, else the first. */
export function variantOf(variants: Variant[], sku: string | undefined): Variant | undefined {
  return variants.find((it) => it.sku === sku) ?? variants.find(canBuy) ?? variants[0];
}

/** Everything there is to choose, seen from the present variant. */
export function groups(options: Options, variants: Variant[], present: Variant): Group[] {
  return options.map(({ name, values }, index) => {
    const above = options.slice(0, index).map((it) => it.name);
    return {
      name,
      chosen: present.options[name],
      values: values.map((value) => ({
        value,
        fate: fate(options, variants, present, index, value),
      })),
      because: above.map((it) => present.options[it] ?? ''),
    };
  });
}

function fate(
  options: Options,
  variants: Variant[],
  present: Variant,
  index: number,
  value: string,
): Fate {
  const meant = choose(options, variants, present, index, value);
  if (!meant) return 'none';
  return canBuy(meant) ? 'there' : 'gone';
}

/**
 * The variant that has `value` for the option at `index`, all that was chosen before it, and as
 * much as can be of what was chosen after it.
 */
export function choose(
  options: Options,
  variants: Variant[],
  present: Variant,
  index: number,
  value: string,
): Variant | undefined {
  const [above, below] = [options.slice(0, index), options.slice(index + 1)];
  const name = options[index]?.name ?? '';
  const same = (it: Variant) => (option: { name: string }) =>
    it.options[option.name] === present.options[option.name];
  return variants
    .filter((it) => it.options[name] === value && above.every(same(it)))
    .map((it) => ({ it, kept: below.filter(same(it)).length }))
    .sort((a, b) => b.kept - a.kept || Number(canBuy(b.it)) - Number(canBuy(a.it)))[0]?.it;
}
