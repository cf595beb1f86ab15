/**
 * Facets that keep their places while somebody narrows a list: what has been offered stays where it
 * was, with none left if need be, so that nothing moves below the finger.
 */

import type { Facets } from '../products';

/** The facets of an answer, in the places those before it had. */
export function steady(before: Facets, now: Facets): Facets {
  return {
    ...now,
    categories: kept(before.categories, now.categories, (it) => it.id),
    vendors: kept(before.vendors, now.vendors, (it) => it.value),
    options: merged(
      before.options,
      now.options,
      (it) => it.name,
      (old, it) => ({
        ...(it ?? old),
        values: kept(old.values, it?.values ?? [], (value) => value.value),
      }),
    ),
    ratings: kept(before.ratings, now.ratings, (it) => `${it.min}`),
    price: now.price ?? before.price ?? null,
  };
}

function kept<T extends { count: number }>(before: T[], now: T[], key: (it: T) => string): T[] {
  return merged(before, now, key, (old, it) => it ?? { ...old, count: 0 });
}

/** Those of before in their order, then those that are new. */
function merged<T>(
  before: T[],
  now: T[],
  key: (it: T) => string,
  join: (old: T, now: T | undefined) => T,
): T[] {
  const found = new Map(now.map((it) => [key(it), it]));
  const known = new Set(before.map(key));
  return [
    ...before.map((it) => join(it, found.get(key(it)))),
    ...now.filter((it) => !known.has(key(it))),
  ];
}
