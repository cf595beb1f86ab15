/** Where an order stands and how it got there, read from its history. */

import type { Schemas } from '../../api/client';
import type { Purchase } from '../checkout/methods';
import type { Buyer } from '../checkout/stripe';

export type Order = Schemas['Order'];
type Change = Schemas['OrderChange'];

/** How many payments may be tried for an order in all. */
const PAYMENTS = 4;

/** Whose turn it is. */
export type Stage =
  /** The shop's: it will know in a moment. */
  | 'working'
  /** The customer's bank wants to be asked. */
  | 'confirm'
  /** Another means of payment is needed. */
  | 'pay'
  /** The bank's: it says in days whether the money comes. */
  | 'processing'
  /** Nobody's that would concern the payment. */
  | 'settled';

export function stage(order: Pick<Order, 'status' | 'payment_status'>): Stage {
  if (order.status !== 'pending') return 'settled';
  switch (order.payment_status) {
    case 'requires_action':
      return 'confirm';
    case 'processing':
      return 'processing';
    case 'failed':
      return 'pay';
    default:
      return 'working';
  }
}

/** What is paid for, and where its bill goes. */
export function purchaseOf({ billing_address, shipping_address, total }: Order): Purchase {
  return { country: (billing_address ?? shipping_address)?.country ?? '', total };
}

/** Who pays. */
export function buyerOf({ billing_address, shipping_address, email }: Order): Buyer {
  const address = billing_address ?? shipping_address;
  return address ? { email, address } : { email };
}

/** How often another payment may be tried. A try for which the goods were gone does not count. */
export function attemptsLeft(history: Change[]): number {
  return PAYMENTS - history.filter(happened('failed')).filter((it) => !wasGone(it)).length;
}

/** Whether another payment was not even asked for, as the goods were gone. */
export function wasGone({ payment_status, reason }: Pick<Change, 'payment_status' | 'reason'>) {
  return payment_status === 'failed' && reason === 'out_of_stock';
}

/** Whether this change is the one that brought the payment there. */
function happened(payment: string) {
  return (it: Change, index: number, all: Change[]) =>
    it.payment_status === payment && all[index - 1]?.payment_status !== payment;
}

export type Milestone =
  | 'placed'
  | 'confirm'
  | 'processing'
  | 'declined'
  | 'gone'
  | 'paid'
  | 'shipped'
  | 'delivered'
  | 'partlyRefunded'
  | 'refunded'
  | 'cancelled';

export type Event = {
  what: Milestone;
  at: string;
  reason: string | null;
  /** What was given back. */
  amount: Schemas['Money'] | null;
};

/** What happened, oldest first; what only the shop's machinery cares about is left out. */
export function events(history: Change[]): Event[] {
  const found: Event[] = [];
  history.forEach((change, index) => {
    const before = history[index - 1];
    const tell = (what: Milestone) =>
      found.push({
        what,
        at: change.at,
        reason: change.reason ?? null,
        amount: change.amount ?? null,
      });
    if (!before) tell('placed');
    if (change.payment_status !== before?.payment_status) {
      if (change.payment_status === 'requires_action') tell('confirm');
      if (change.payment_status === 'processing') tell('processing');
      if (change.payment_status === 'failed') tell(wasGone(change) ? 'gone' : 'declined');
    }
    // Each refund by itself; of earlier ones only that there was one is known.
    const became = change.payment_status !== before?.payment_status && change.payment_status;
    if (change.amount || became === 'partially_refunded') {
      tell(change.payment_status === 'refunded' ? 'refunded' : 'partlyRefunded');
    }
    if (change.to === before?.to) return;
    if (change.to === 'confirmed') tell('paid');
    if (isOneOf(change.to, ['shipped', 'delivered', 'cancelled', 'refunded'])) tell(change.to);
  });
  return found;
}

/** What is still to come, if all goes well. */
export function ahead(status: Order['status']): Milestone[] {
  const road: Milestone[] = ['paid', 'shipped', 'delivered'];
  const passed: Partial<Record<Order['status'], number>> = { pending: 0, confirmed: 1, shipped: 2 };
  return road.slice(passed[status] ?? road.length);
}

/** Whether the customer may still call it off. */
export function mayCancel(order: Pick<Order, 'status'>): boolean {
  return order.status === 'pending' || order.status === 'confirmed';
}

function isOneOf<T extends string>(word: string, words: readonly T[]): word is T {
  return (words as readonly string[]).includes(word);
}
