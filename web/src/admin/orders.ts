/** What the admin asks about orders and their payments, and does with them. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';

export type Order = Schemas['Order'];
export type OrderStatus = Schemas['OrderStatus'];
export type OrderPaymentStatus = Schemas['OrderPaymentStatus'];
export type Payment = Schemas['PaymentDetail'];
export type Refund = Schemas['Refund'];
export type RefundReason = Schemas['RefundReason'];

export const ORDER_STATUSES: OrderStatus[] = [
  'pending',
  'confirmed',
  'shipped',
  'delivered',
  'cancelled',
];

/** Why money is given back. */
export const REFUND_REASONS: RefundReason[] = [
  'customer_request',
  'returned',
  'damaged',
  'not_received',
  'goodwill',
  'duplicate',
  'fraudulent',
  'other',
];

export const ORDER_PAYMENT_STATUSES: OrderPaymentStatus[] = [
  'pending',
  'requires_action',
  'processing',
  'authorized',
  'paid',
  'failed',
  'voided',
  'partially_refunded',
  'refunded',
];

/** What the list of orders is narrowed to, as its address has it. */
export type OrderSearch = {
  /** Part of the number, the name or the e-mail address. */
  q?: string | undefined;
  status?: OrderStatus | undefined;
  payment?: OrderPaymentStatus | undefined;
  /** Days, both included: 2026-01-31. */
  from?: string | undefined;
  to?: string | undefined;
};

export function findOrders(search: OrderSearch, cursor?: string, signal?: AbortSignal) {
  const { q, status, payment, from, to } = search;
  return ok(
    api.GET('/api/v1/orders', {
      params: {
        query: {
          all: true,
          count: true,
          limit: 25,
          ...(cursor && { cursor }),
          ...(q && { search: q }),
          ...(status && { status }),
          ...(payment && { payment_status: payment }),
          ...(from && { from: midnight(from, 0) }),
          ...(to && { to: midnight(to, 1) }),
        },
      },
      ...(signal && { signal }),
    }),
  );
}

/** The beginning of a day where the reader is, or of one some days later. */
function midnight(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** The latest orders of one customer. */
export const ordersOfQuery = (user_id: string) =>
  queryOptions({
    queryKey: ['orders', 'of', user_id],
    queryFn: () =>
      ok(api.GET('/api/v1/orders', { params: { query: { user_id, limit: 10, count: true } } })),
  });

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', id],
    queryFn: () => ok(api.GET('/api/v1/orders/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && moves(state.data) ? 3_000 : false),
  });

/** Whether an order is about to change by itself. */
function moves({ status, payment_status }: Order): boolean {
  return status === 'pending' && (payment_status === 'pending' || payment_status === 'authorized');
}

export const paymentQuery = (id: string) =>
  queryOptions({
    queryKey: ['payment', id],
    queryFn: () => ok(api.GET('/api/v1/payments/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) =>
      state.data?.operations.some((it) => it.state === 'intended' || it.state === 'unknown')
        ? 3_000
        : false,
  });

/** The payments somebody tried to pay an order with, newest first. */
export const attemptsQuery = (order_id: string) =>
  queryOptions({
    queryKey: ['payment', 'of', order_id],
    queryFn: () => ok(api.GET('/api/v1/payments', { params: { query: { order_id, limit: 50 } } })),
  });

/** The latest 100 refunds of a payment. */
export const refundsQuery = (id: string) =>
  queryOptions({
    queryKey: ['payment', id, 'refunds'],
    queryFn: () =>
      ok(
        api.GET('/api/v1/payments/{id}/refunds', {
          params: { path: { id }, query: { limit: 100 } },
        }),
      ),
    refetchInterval: ({ state }) =>
      state.data?.items.some((it) => it.status === 'pending') ? 3_000 : false,
  });

export const ledgerQuery = (id: string) =>
  queryOptions({
    queryKey: ['payment', id, 'ledger'],
    queryFn: () =>
      ok(
        api.GET('/api/v1/payments/{id}/ledger', {
          params: { path: { id }, query: { limit: 100 } },
        }),
      ),
  });

/** What can still be given back, in minor units: captured, and neither refunded nor about to be. */
export function refundable(payment: Payment, refunds: Refund[]): number {
  const pending = refunds.filter((it) => it.status === 'pending');
  const reserved = pending.reduce((sum, it) => sum + it.amount.amount, 0);
  return payment.captured.amount - payment.refunded.amount - reserved;
}

export const ship = (id: string, tracking: string) =>
  ok(
    api.PATCH('/api/v1/orders/{id}/status', {
      params: { path: { id } },
      body: { status: 'shipped', ...(tracking && { tracking_number: tracking }) },
    }),
  );

export const deliver = (id: string) =>
  ok(
    api.PATCH('/api/v1/orders/{id}/status', {
      params: { path: { id } },
      body: { status: 'delivered' },
    }),
  );

/** Collects all of what is held for an order before it ships. */
export const capture = (payment: string) =>
  ok(
    api.POST('/api/v1/payments/{id}/capture', {
      params: { path: { id: payment } },
    }),
  );

/** Answers with the order as it is then; it may take a while until it is cancelled. */
export const cancel = (id: string, reason: CancelReason, note: string) =>
  ok(
    api.POST('/api/v1/orders/{id}/cancel', {
      params: { path: { id } },
      body: { reason, ...(note && { note }) },
    }),
  );

/** Has no link of a mail open the order any longer. */
export const revokeLinks = (id: string) =>
  ok(api.DELETE('/api/v1/orders/{id}/keys', { params: { path: { id } } }));

/** Whether links to it may be in mails: it was ordered without an account. */
export function hasLinks({ user_id, history }: Order): boolean {
  return !user_id || (history?.some((it) => it.reason === JOINED) ?? false);
}

/** The reason of a change by which a guest's order became one of an account. */
export const JOINED = 'joined_account';

/** Why staff cancel an order; the customer is told by it. */
export const CANCEL_REASONS = [
  'cancelled_by_shop',
  'out_of_stock',
  'fraudulent',
  'address_undeliverable',
  'customer_request',
  'changed_mind',
  'ordered_by_mistake',
  'found_cheaper',
  'takes_too_long',
  'other',
] as const satisfies Schemas['Reason'][];
export type CancelReason = (typeof CANCEL_REASONS)[number];

export type RefundRequest = Schemas['NewRefund'];

export const refund = (payment: string, body: RefundRequest, key: string) =>
  ok(
    api.POST('/api/v1/payments/{id}/refunds', {
      params: { path: { id: payment }, header: { 'Idempotency-Key': key } },
      body,
    }),
  );
