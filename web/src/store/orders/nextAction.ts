/** What a customer has to do before their payment goes on, as the shop says it. */

import type { Order } from './timeline';

export type NextAction =
  /** To say yes or no here. */
  | { type: 'confirm' }
  /** To go to a page of their bank's, which sends them back. */
  | { type: 'redirect'; url: URL }
  /** What Stripe.js shows them. */
  | { type: 'stripe'; clientSecret: string; publishableKey: string }
  /** Something that this page does not know. */
  | { type: 'unknown' };

/** None where there is nothing to do, or nobody could say what at the moment. */
export function nextAction(order: Pick<Order, 'payment'>): NextAction | null {
  const action = order.payment?.next_action;
  if (!action) return null;
  switch (action.type) {
    case 'confirm':
      return { type: 'confirm' };
    case 'redirect': {
      const url = webAddress(action.url);
      return url ? { type: 'redirect', url } : { type: 'unknown' };
    }
    case 'stripe': {
      const { client_secret: clientSecret, publishable_key: publishableKey } = action;
      return typeof clientSecret === 'string' && typeof publishableKey === 'string'
        ? { type: 'stripe', clientSecret, publishableKey }
        : { type: 'unknown' };
    }
    default:
      return { type: 'unknown' };
  }
}

/** Only ever a page: nothing that would run here. */
function webAddress(text: unknown): URL | null {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url : null;
}

/** The orders that were placed or paid again on this page: what is next for them begins by itself. */
const fresh = new Set<string>();

export function isPlaced(order: string) {
  fresh.add(order);
}

export function isFresh(order: string): boolean {
  return fresh.has(order);
}

/** From now on it begins when the customer says so. */
export function isBegun(order: string) {
  fresh.delete(order);
}
