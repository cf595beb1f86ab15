/**
 * The name a refund goes by until its outcome is known. It is kept in the tab before anything is
 * sent, so that a double click, a lost answer or a reload gives the money back once.
 */

import { Problem } from '../api/problem';

const kept = (payment: string) => `cartwright.refund.${payment}`;

export function refundKey(payment: string): string {
  const key = sessionStorage.getItem(kept(payment)) ?? crypto.randomUUID();
  sessionStorage.setItem(kept(payment), key);
  return key;
}

/** Lets go of the name where the shop has told what came of it. */
export function settleRefundKey(payment: string, error?: unknown) {
  const unknown = error && !(error instanceof Problem && error.status < 500);
  if (!unknown) sessionStorage.removeItem(kept(payment));
}
