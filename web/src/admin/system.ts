/** What the admin asks about the running shop. */

import { queryOptions, useQuery } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';

export type Health = Schemas['ShopHealth'];
export type DeadLetter = Schemas['DeadLetter'];
export type Queue = Schemas['Queue'];
export type PaymentProvider = Schemas['PaymentProvider'];
export type OrderEvent = Schemas['OrderEvent'];
/** The name of a service. Which there are, the shop says itself. */
export type Service = string;

/** Every service has the same operations, so one's types are everybody's. */
function own<T extends string>(service: Service, path: T) {
  return `/api/v1/${service}/${path}` as `/api/v1/orders/${T}`;
}

/** How often the page looks again. */
export const EVERY = 5_000;

export const healthQuery = queryOptions({
  queryKey: ['system', 'health'],
  queryFn: async (): Promise<Health> => {
    const answer = api.GET('/health');
    const { error, response } = await answer;
    // A shop that is not well says how it is all the same.
    if (response.status === 503 && error && 'services' in error) return error as Health;
    return await ok(answer);
  },
  refetchInterval: EVERY,
});

/** Whether customers are offered test cards, with which no real money is moved. */
export const testModeQuery = queryOptions({
  queryKey: ['system', 'test-mode'],
  queryFn: async () => {
    const { data } = await ok(api.GET('/api/v1/payments/methods'));
    return data.some((it) => it.tokens.type === 'test');
  },
  staleTime: 300_000,
});

/** The payment providers that are on, and how the shop's calls of them have gone. */
export const providersQuery = queryOptions({
  queryKey: ['system', 'payment-providers'],
  queryFn: async () => (await ok(api.GET('/api/v1/payments/providers'))).data,
  refetchInterval: EVERY,
});

/** What people call a service; its own name where there is no word for it yet. */
export const nameOf = (names: Readonly<Record<string, string>>, service: Service) =>
  names[service] ?? service;

const none: Service[] = [];

/** The services of the shop; none until it has said so. */
export function useServices(): Service[] {
  const select = ({ services }: Health) => Object.keys(services);
  return useQuery({ ...healthQuery, select }).data ?? none;
}

export const outboxQuery = (service: Service) =>
  queryOptions({
    queryKey: ['system', 'outbox', service],
    queryFn: () => ok(api.GET(own(service, 'outbox'))),
    refetchInterval: EVERY,
  });

export const queuesQuery = (service: Service) =>
  queryOptions({
    queryKey: ['system', 'queues', service],
    queryFn: () => ok(api.GET(own(service, 'queues'))),
    refetchInterval: EVERY,
  });

/** Has all that is dead in a queue tried again. */
export const replayQueue = (service: Service, { name }: Queue) =>
  ok(api.POST(own(service, 'queues/{queue}/replay'), { params: { path: { queue: name } } }));

export const deadLetters = (service: Service, cursor?: string) =>
  ok(
    api.GET(own(service, 'dead-letters'), {
      params: { query: { limit: 50, ...(cursor && { cursor }) } },
    }),
  );

/** What was told about an order. */
export const eventsQuery = (order: string) =>
  queryOptions({
    queryKey: ['order', order, 'events'],
    queryFn: () => ok(api.GET('/api/v1/orders/{id}/events', { params: { path: { id: order } } })),
  });

export const replay = (service: Service, { consumer, event_id }: DeadLetter) =>
  ok(
    api.POST(own(service, 'dead-letters/{consumer}/{event_id}/replay'), {
      params: { path: { consumer, event_id } },
    }),
  );
