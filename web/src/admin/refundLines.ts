/** What lines of an order come to when they are given back, as the shop reckons it. */

import type { Order, Refund } from './orders';

/** Units that are to be refunded, by SKU. */
export type Chosen = Record<string, { quantity: number; restock: boolean }>;

type Line = Pick<Order['items'][number], 'sku' | 'quantity' | 'charged'>;

/** Units of a line that have not been refunded, and are not about to be. */
export function unitsLeft(line: Line, refunds: Refund[]): number {
  return line.quantity - before(line, refunds).units;
}

/** What so many more units of a line come to, in minor units, with their share of shipping and tax. */
export function amountOf(line: Line, quantity: number, refunds: Refund[]): number {
  const { units, given } = before(line, refunds);
  const until = Math.floor((line.charged.amount * (units + quantity)) / line.quantity);
  return quantity === 0 ? 0 : Math.max(until - given, 0);
}

/** What all chosen units come to. */
export function amountOfAll(lines: Line[], chosen: Chosen, refunds: Refund[]): number {
  const amounts = lines.map((it) => amountOf(it, chosen[it.sku]?.quantity ?? 0, refunds));
  return amounts.reduce((sum, it) => sum + it, 0);
}

/** The lines as the API wants them. */
export function wanted(chosen: Chosen) {
  return Object.entries(chosen)
    .filter(([, { quantity }]) => quantity > 0)
    .map(([sku, { quantity, restock }]) => ({ sku, quantity, restock }));
}

function before({ sku }: Line, refunds: Refund[]) {
  const lines = refunds
    .filter((it) => it.status !== 'failed')
    .flatMap((it) => it.lines)
    .filter((it) => it.sku === sku);
  return {
    units: lines.reduce((sum, it) => sum + it.quantity, 0),
    given: lines.reduce((sum, it) => sum + it.amount.amount, 0),
  };
}
