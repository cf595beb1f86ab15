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
