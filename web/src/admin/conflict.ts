/** Writes that go by what was read: somebody else's change in between is told, not undone. */

import { isProblem } from '../api/problem';

/** Has a write go through only for the version that was read, where that is known. */
export function ifMatch(version: number | null | undefined): { headers?: { 'If-Match': string } } {
  return typeof version === 'number' ? { headers: { 'If-Match': `"${version}"` } } : {};
}

export type Conflict = {
  /** What is another by now, where the shop can tell: `title`, `variants[SKU].price`. */
  changed: string[];
  version: number | undefined;
  updated_at: string | undefined;
};

/** What has changed since it was read, where that is why a write was refused. */
export function changedSince(error: unknown): Conflict | undefined {
  if (!isProblem(error) || error.status !== 412) return undefined;
  const { changed, version, updated_at } = error.body;
  return {
    changed: Array.isArray(changed) ? changed.filter((it) => typeof it === 'string') : [],
    version: typeof version === 'number' ? version : undefined,
    updated_at: typeof updated_at === 'string' ? updated_at : undefined,
  };
}

/** Fields for what is stored by now: of each what was typed since it was read, else what is stored. */
export function rebasedFields<T extends object>(base: T, mine: T, theirs: T): T {
  const typed = (key: keyof T) => JSON.stringify(mine[key]) !== JSON.stringify(base[key]);
  const keys = Object.keys(theirs) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [key, typed(key) ? mine[key] : theirs[key]])) as T;
}

/** Only what differs. */
export function changedFields<T extends object>(base: T, mine: T): Partial<T> {
  const keys = Object.keys(mine) as (keyof T)[];
  const differing = keys.filter((key) => JSON.stringify(mine[key]) !== JSON.stringify(base[key]));
  return Object.fromEntries(differing.map((key) => [key, mine[key]])) as Partial<T>;
}
