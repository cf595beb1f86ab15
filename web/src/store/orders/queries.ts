/** One order, and what its buyer can do about it. */

import { type QueryClient, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../api/client';
import { isProblem } from '../../api/problem';
import { type Attempt, pause, slot, verdict } from '../checkout/attempt';
import type { Payment } from '../checkout/methods';
import { interval } from './interval';
import { keepOrderSecrets, orderHeaders, orderSecrets } from './keys';
import { type Order, stage } from './timeline';

const PATHS = {
  order: '/api/v1/orders/{id}',
  payments: '/api/v1/orders/{id}/payments',
  cancel: '/api/v1/orders/{id}/cancel',
} as const;

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', id],
    queryFn: async () => {
      const headers = orderHeaders(id);
      const order = await ok(api.GET(PATHS.order, { params: { path: { id } }, headers }));
      // Asked for by its number; what follows goes by its id.
      const secrets = orderSecrets(id);
      if (order.id !== id && Object.keys(secrets).length > 0) keepOrderSecrets(order.id, secrets);
      return order;
    },
    // Who has just paid wants to see it, also from a shop that has to come back first.
    retry: (failures, error) => verdict(error) === 'again' && failures < 100,
    retryDelay: (failures) => Math.min(pause(failures), 8_000),
    // What is going to change by itself is looked at again, less often as time passes.
    refetchInterval: ({ state }) => {
      if (!state.data) return false;
      const now = stage(state.data);
      return now === 'settled' ? false : interval(now, state.dataUpdateCount, answered.get(id));
    },
  });

/** How many times an order had been read when its customer answered, or paid. */
const answered = new Map<string, number>();

/** Reads an order now, and again soon: its customer has just done something about it. */
export async function readSoon(queries: QueryClient, id: string) {
  const { queryKey } = orderQuery(id);
  answered.set(id, queries.getQueryState(queryKey)?.dataUpdateCount ?? 0);
  await queries.invalidateQueries({ queryKey });
}

/** Why the last payment of an order was declined. */
export const paymentQuery = (order: Order) =>
  queryOptions({
    queryKey: ['payment', order.payment?.id],
    queryFn: () =>
      ok(
        api.GET('/api/v1/payments/{id}', {
          params: { path: { id: order.payment?.id ?? '' } },
          headers: orderHeaders(order.id),
        }),
      ),
    enabled: order.payment !== null && order.payment !== undefined,
  });

/** What the sandbox takes for the answer to its bank's question. */
export type Outcome = 'approve' | 'deny';

/** Tells that the customer has done their part; the sandbox is told what. */
export function confirm(order: Order, outcome?: Outcome) {
  return ok(
    api.POST('/api/v1/payments/{id}/confirm', {
      params: { path: { id: order.payment?.id ?? '' } },
      headers: orderHeaders(order.id),
      ...(outcome && { body: { outcome } }),
    }),
  );
}

/** Why customers call an order off. */
export const CANCEL_REASONS = [
  'customer_request',
  'changed_mind',
  'ordered_by_mistake',
  'found_cheaper',
  'takes_too_long',
  'other',
] as const satisfies Schemas['Reason'][];
export type CancelReason = (typeof CANCEL_REASONS)[number];

export function cancel(order: Order, reason: CancelReason, note: string) {
  return ok(
    api.POST(PATHS.cancel, {
      params: { path: { id: order.id } },
      headers: orderHeaders(order.id),
      body: { reason, ...(note && { note }) },
    }),
  );
}

export type NewPayment = Payment & { order: string };

export const payments = (order: string) => slot<NewPayment>(`payment.${order}`);

/** Pays once more; whether it worked, the order itself tells. */
export async function payAgain({ key, body }: Attempt<NewPayment>): Promise<void> {
  const { order, ...payment } = body;
  try {
    await ok(
      api.POST(PATHS.payments, {
        params: { path: { id: order }, header: { 'Idempotency-Key': key } },
        headers: orderHeaders(order),
        body: { payment },
      }),
    );
  } catch (error) {
    if (!isProblem(error, 'payment_declined') && !isProblem(error, 'order_cancelled')) throw error;
  }
}
