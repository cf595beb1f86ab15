/** How soon an order is read again that is going to change by itself. */

import type { Stage } from './timeline';

/** Milliseconds after which an order is read again at the latest, by whose turn it is. */
const LONGEST: Record<Exclude<Stage, 'settled'>, number> = {
  working: 8_000,
  confirm: 5_000,
  pay: 30_000,
  processing: 60_000,
};

/** Milliseconds until an order that was read so many times is read again. */
export function interval(now: keyof typeof LONGEST, reads: number, answeredAt?: number): number {
  // The shop is at it from the beginning; others are waited for until they have answered.
  const since = answeredAt ?? (now === 'working' ? 0 : undefined);
  if (since === undefined) return LONGEST[now];
  return Math.min(250 * 1.4 ** Math.max(reads - since - 1, 0), LONGEST[now]);
}
