/** What the admin asks about messages and their templates, and does with them. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';

export type Message = Schemas['Message'];
export type MessageStatus = Schemas['NotificationStatus'];
export type Channel = Schemas['NotificationChannel'];
export type Template = Schemas['Template'];
export type Topic = Schemas['NotificationTopic'];
export type TemplateText = Schemas['NewTemplate'];

export const MESSAGE_STATUSES: MessageStatus[] = [
  'queued',
  'sending',
  'sent',
  'logged',
  'failed',
  'dead',
  'skipped',
];
export const CHANNELS: Channel[] = ['email', 'sms', 'push'];

/** What the history is narrowed to, as its address has it. */
export type MessageSearch = {
  channel?: Channel | undefined;
  status?: MessageStatus | undefined;
  /** The whole address, number or device token. */
  q?: string | undefined;
};

export const findMessages = (search: MessageSearch, cursor?: string, signal?: AbortSignal) =>
  ok(
    api.GET('/api/v1/notifications/history', {
      params: {
        query: {
          count: true,
          limit: 25,
          ...(cursor && { cursor }),
          ...(search.q && { recipient: search.q }),
          ...(search.channel && { channel: search.channel }),
          ...(search.status && { status: search.status }),
        },
      },
      ...(signal && { signal }),
    }),
  );

/** Who brings messages to their recipients, and whether they leave the shop at all. */
export const carrierQuery = queryOptions({
  queryKey: ['messages', 'carrier'],
  queryFn: () => ok(api.GET('/api/v1/notifications/carrier')),
  staleTime: 60_000,
});

/** The messages sent for an order, newest first. */
export const messagesOfOrderQuery = (order_id: string) =>
  queryOptions({
    queryKey: ['messages', 'of', order_id],
    queryFn: () =>
      ok(api.GET('/api/v1/notifications/history', { params: { query: { order_id, limit: 50 } } })),
  });

export const messageQuery = (id: string) =>
  queryOptions({
    queryKey: ['message', id],
    queryFn: () => ok(api.GET('/api/v1/notifications/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) =>
      state.data?.status === 'queued' || state.data?.status === 'sending' ? 2_000 : false,
  });

export const retryMessage = (id: string) =>
  ok(api.POST('/api/v1/notifications/{id}/retry', { params: { path: { id } } }));

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: () => ok(api.GET('/api/v1/notifications/templates')),
});

export const templateQuery = (key: string) =>
  queryOptions({
    queryKey: ['template', key],
    queryFn: () =>
      ok(api.GET('/api/v1/notifications/templates/{key}', { params: { path: { key } } })),
  });

/** The text filled with sample data. A text that cannot be filled is a problem that says where. */
export const previewQuery = (key: string, text: TemplateText) =>
  queryOptions({
    queryKey: ['template', key, 'preview', text],
    queryFn: () =>
      ok(
        api.POST('/api/v1/notifications/templates/{key}/preview', {
          params: { path: { key } },
          body: text,
        }),
      ),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export const saveTemplate = (key: string, body: TemplateText) =>
  ok(api.PUT('/api/v1/notifications/templates/{key}', { params: { path: { key } }, body }));

/** Goes back to the built-in text. */
export const restoreTemplate = (key: string) =>
  ok(api.DELETE('/api/v1/notifications/templates/{key}', { params: { path: { key } } }));

export type NewMessage = { channel: 'email' | 'sms'; to: string; subject: string; body: string };

/** Sends it once, however often it is said under the same key. */
export function sendMessage({ channel, to, subject, body }: NewMessage, key: string) {
  const params = { header: { 'Idempotency-Key': key } };
  return channel === 'email'
    ? ok(api.POST('/api/v1/notifications/email', { params, body: { to, subject, body } }))
    : ok(
        api.POST('/api/v1/notifications/sms', {
          params,
          body: { to, body, topic: 'transactional' },
        }),
      );
}
