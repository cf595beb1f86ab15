/** What providers have told the shop, and what of it concerns one payment. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import { isProblem } from '../api/problem';
import type { Order, Payment } from './orders';
import { EVERY, type Service } from './system';

export type Webhook = Schemas['Webhook'];

/** One that concerns a payment, as the payment tells. */
export type PaymentWebhook = Pick<Webhook, 'id' | 'event_id' | 'type' | 'received_at'> & {
  status: string;
  error?: string | null;
};

/** A customer has had their bank take the money back. */
export type Dispute = {
  /** The provider's name for it. */
  reference: string;
  reason: string;
  status: string;
  amount: Schemas['Money'];
  /** Until when the shop can answer. */
  due_at?: string | null;
};

/** Every service that takes webhooks has the same operations. */
const path = <T extends string>(service: Service, rest: T) =>
  `/api/v1/${service}/webhooks${rest}` as `/api/v1/payments/webhooks${T}`;

export const webhooks = (service: Service, cursor?: string) =>
  ok(api.GET(path(service, ''), { params: { query: { limit: 25, ...(cursor && { cursor }) } } }));

/** Whether a service takes webhooks at all. */
export const takesWebhooksQuery = (service: Service) =>
  queryOptions({
    queryKey: ['system', 'takes-webhooks', service],
    queryFn: async () => {
      try {
        await ok(api.GET(path(service, ''), { params: { query: { limit: 1 } } }));
        return true;
      } catch (error) {
        if (isProblem(error) && error.status < 500) return false;
        throw error;
      }
    },
    staleTime: EVERY * 60,
  });

/** Has one applied again. */
export const replayWebhook = (service: Service, { id }: Webhook) =>
  ok(api.POST(path(service, '/{id}/replay'), { params: { path: { id } } }));

export function webhooksOf(payment: Payment): PaymentWebhook[] {
  return (payment as Payment & { webhooks?: PaymentWebhook[] | null }).webhooks ?? [];
}

export function disputesOf(payment: Payment): Dispute[] {
  return (payment as Payment & { disputes?: Dispute[] | null }).disputes ?? [];
}

/** Whether a customer has their bank take back what they paid for an order. */
export function isDisputed(order: Order): boolean {
  return (order as Order & { disputed?: boolean | null }).disputed ?? false;
}
