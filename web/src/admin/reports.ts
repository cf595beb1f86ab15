/** Questions about how the shop is doing. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok } from '../api/client';

/** Days one can look back. */
export const RANGES = [7, 30, 90] as const;
export type Range = (typeof RANGES)[number];

/** The days of a range, today being the last. The shop counts them in UTC. */
export function span(days: Range) {
  const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
  return { from: day(days - 1), to: day(0) };
}

export const sales = (days: Range) =>
  queryOptions({
    queryKey: ['reports', 'sales', span(days)],
    queryFn: () => ok(api.GET('/api/v1/reports/sales', { params: { query: span(days) } })),
  });

export const carts = (days: Range) =>
  queryOptions({
    queryKey: ['reports', 'carts', span(days)],
    queryFn: () => ok(api.GET('/api/v1/reports/carts', { params: { query: span(days) } })),
  });
