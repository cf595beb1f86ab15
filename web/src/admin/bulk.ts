/** Many writes in few requests. Each has an outcome of its own; what failed leaves the rest done. */

import { api, ok, type Schemas } from '../api/client';
import { Problem, type ProblemBody } from '../api/problem';

/** Items of one request: it may name 1,000, and those of fewer are done before anybody gives up. */
export const AT_ONCE = 500;

type Money = Schemas['Money'];

/** What is changed of a product; the rest of it stays. */
export type ProductChange = {
  id: string;
  status?: Schemas['ProductStatus'];
  tags?: string[];
  add_tags?: string[];
  remove_tags?: string[];
  add_categories?: string[];
  remove_categories?: string[];
  vendor?: string;
  product_type?: string;
  delete?: true;
};

/** What is changed of a variant; the rest of it stays. */
export type VariantChange = {
  id: string;
  price?: Money;
  compare_at_price?: Money | null;
  cost?: Money | null;
  barcode?: string | null;
  /** The version that was seen: another one is left as it is, and told. */
  if_version?: number;
};

type Outcome = { ok: boolean; problem?: ProblemBody | null };

export const changeProducts = async (items: ProductChange[]): Promise<Outcome[]> =>
  (await ok(api.POST('/api/v1/products/bulk', { body: { items } }))).items;

export const changeVariants = async (items: VariantChange[]): Promise<Outcome[]> =>
  (await ok(api.POST('/api/v1/variants/bulk', { body: { items } }))).items;

export type Failed<T> = { item: T; error: unknown };
export type Result<T> = {
  done: T[];
  failed: Failed<T>[];
  /** What was not tried, since a request before it failed or somebody stopped it. */
  left: T[];
};
export type Progress = { done: number; of: number };

type Options = { progress?: ((it: Progress) => void) | undefined; signal?: AbortSignal };

/** Sends items in as many requests as they take, until one fails as a whole or it is stopped. */
export async function inChunks<T>(
  items: T[],
  send: (chunk: T[]) => Promise<Outcome[]>,
  { progress, signal }: Options = {},
): Promise<Result<T>> {
  const result: Result<T> = { done: [], failed: [], left: [] };
  for (let at = 0; at < items.length; at += AT_ONCE) {
    progress?.({ done: at, of: items.length });
    if (signal?.aborted) {
      result.left = items.slice(at);
      break;
    }
    const chunk = items.slice(at, at + AT_ONCE);
    try {
      const outcomes = await send(chunk);
      chunk.forEach((item, n) => {
        const outcome = outcomes[n];
        if (outcome?.ok) result.done.push(item);
        else result.failed.push({ item, error: outcome?.problem && new Problem(outcome.problem) });
      });
    } catch (error) {
      // What is wrong with one request is likely to be wrong with the next.
      result.failed.push(...chunk.map((item) => ({ item, error })));
      result.left = items.slice(at + AT_ONCE);
      break;
    }
  }
  return result;
}

/** How an amount of money is changed; `percent` and `add` may be negative. */
export type AmountChange =
  | { how: 'set'; amount: number }
  | { how: 'add'; amount: number }
  | { how: 'percent'; percent: number }
  | { how: 'clear' };

/** The amount after a change, in minor units. What is not there cannot be raised or lowered. */
export function changedAmount(before: number | null, change: AmountChange): number | null {
  switch (change.how) {
    case 'set':
      return change.amount;
    case 'clear':
      return null;
    case 'add':
      return before === null ? null : before + change.amount;
    case 'percent':
      // Of whole minor units, so that 10 % of 19.99 is not short of a cent by how computers divide.
      return before === null
        ? null
        : Math.round((before * (10_000 + change.percent * 100)) / 10_000);
  }
}
