/** Operations that `openapi.json` does not describe yet. They go as soon as it does. */

import type { Client } from 'openapi-fetch';

import { api, ok } from '../api/client';

export type OrderEvent = {
  id: string;
  type: string;
  version: number;
  time: string;
  sent_at: string | null;
  data: unknown;
};

export type Outbox = { waiting: number; oldest_at: string | null; dead_letters: number };

export type DeadLetter = {
  consumer: string;
  event_id: string;
  type: string;
  error: string | null;
  attempts: number;
  received_at?: string;
  data: unknown;
};

type Page<T> = { items: T[]; next_cursor: string | null };

type Paths = {
  [path: `/api/v1/${string}`]: {
    get: { responses: { 200: { content: { 'application/json': unknown } } } };
    post: { responses: { 204: { content?: never } } };
  };
};

const more = api as unknown as Client<Paths>;

export const eventsOfOrder = (id: string) =>
  ok(more.GET(`/api/v1/orders/${id}/events`, {})) as Promise<{ items: OrderEvent[] }>;

export const outbox = (service: string) =>
  ok(more.GET(`/api/v1/${service}/outbox`, {})) as Promise<Outbox>;

export const deadLetters = (service: string, cursor?: string) =>
  ok(
    more.GET(`/api/v1/${service}/dead-letters?limit=50${cursor ? `&cursor=${cursor}` : ''}`, {}),
  ) as Promise<Page<DeadLetter>>;

export const replayDeadLetter = (service: string, consumer: string, event: string) =>
  ok(more.POST(`/api/v1/${service}/dead-letters/${consumer}/${event}/replay`, {}));
