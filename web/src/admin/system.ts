/** What the admin asks about the running shop. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import { type DeadLetter, deadLetters, eventsOfOrder, outbox, replayDeadLetter } from './contract';

export type { DeadLetter };

type Told = { version?: string | null; database_kind?: string | null };
export type Health = Omit<Schemas['ShopHealth'], 'services'> & {
  services: Record<string, Schemas['ServiceHealth'] & Told>;
};
/** Every service that keeps data of its own. */
export const SERVICES = [
  'identity',
  'catalog',
  'cart',
  'orders',
  'payments',
  'reviews',
  'notifications',
] as const;
export type Service = (typeof SERVICES)[number];

/** How often the page looks again. */
export const EVERY = 5_000;

export const healthQuery = queryOptions({
  queryKey: ['system', 'health'],
  queryFn: async (): Promise<Health> => {
    const answer = api.GET('/health');
    const { error, response } = await answer;
    // A shop that is not well says how it is all the same.
    if (response.status === 503 && error && 'services' in error) return error as Health;
    return (await ok(answer)) as Health;
  },
  refetchInterval: EVERY,
});

export const outboxQuery = (service: Service) =>
  queryOptions({
    queryKey: ['system', 'outbox', service],
    queryFn: () => outbox(service),
    refetchInterval: EVERY,
  });

export { deadLetters };

/** What was told about an order. */
export const eventsQuery = (order: string) =>
  queryOptions({ queryKey: ['order', order, 'events'], queryFn: () => eventsOfOrder(order) });

export const replay = (service: Service, { consumer, event_id }: DeadLetter) =>
  replayDeadLetter(service, consumer, event_id);
