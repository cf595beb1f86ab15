/** What the admin asks about messages, who delivers them and who gets none; and does with them. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';

export type Message = Schemas['Message'];
/** With its HTML, where it is an e-mail. */
export type MessageDetails = Schemas['NotificationDetails'];
export type MessageStatus = Schemas['NotificationStatus'];
export type Channel = Schemas['NotificationChannel'];
export type Topic = Schemas['NotificationTopic'];
export type Provider = Schemas['NotificationProvider'];
export type ChannelProviders = Schemas['NotificationChannelProviders'];
export type Suppression = Schemas['Suppression'];

export const MESSAGE_STATUSES: MessageStatus[] = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'bounced',
  'complained',
  'failed',
  'skipped',
  'logged',
];
export const CHANNELS: Channel[] = ['email', 'sms', 'push'];
export const PROVIDERS: Provider[] = ['smtp', 'sendgrid', 'twilio', 'fcm'];

/** What companies call themselves and their services. */
export const providerNames: Record<Provider, string> = {
  smtp: 'SMTP',
  sendgrid: 'SendGrid',
  twilio: 'Twilio',
  fcm: 'Firebase Cloud Messaging',
};

/** What the history is narrowed to, as its address has it. */
export type MessageSearch = {
  channel?: Channel | undefined;
  status?: MessageStatus | undefined;
  provider?: Provider | undefined;
  /** By its key. */
  template?: string | undefined;
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
          ...(search.provider && { provider: search.provider }),
          ...(search.template && { template: search.template }),
        },
      },
      ...(signal && { signal }),
    }),
  );

/** The channels with who delivers their messages, and whether they can at the moment. */
export const messageProvidersQuery = queryOptions({
  queryKey: ['messages', 'providers'],
  queryFn: async () => (await ok(api.GET('/api/v1/notifications/providers'))).items,
  staleTime: 30_000,
  refetchInterval: 30_000,
});

/** Whether messages of a channel leave the shop; undefined as long as that is not known. */
export function delivers(channels: ChannelProviders[] | undefined, channel: Channel) {
  return channels?.find((it) => it.channel === channel)?.delivers;
}

/** Days that messages are counted of. */
export const COUNTED_DAYS = 30;

/** Of all channels together. */
export type MessageCounts = Partial<Record<MessageStatus, number>>;

/** How many messages of the last days stand how. */
export const messageCountsQuery = queryOptions({
  queryKey: ['messages', 'counts'],
  queryFn: async () => {
    const query = { days: COUNTED_DAYS };
    const { totals } = await ok(api.GET('/api/v1/notifications/stats', { params: { query } }));
    const sums: MessageCounts = {};
    for (const { status, count } of totals) sums[status] = (sums[status] ?? 0) + count;
    return sums;
  },
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

/** What the list of suppressed addresses is narrowed to, as its address has it. */
export type SuppressionSearch = {
  /** The whole address or number. */
  q?: string | undefined;
};

export const findSuppressions = (
  search: SuppressionSearch,
  cursor?: string,
  signal?: AbortSignal,
) =>
  ok(
    api.GET('/api/v1/notifications/suppressions', {
      params: {
        query: {
          count: true,
          limit: 25,
          ...(cursor && { cursor }),
          ...(search.q && { recipient: search.q }),
        },
      },
      ...(signal && { signal }),
    }),
  );

/** Lets messages go to the address again. */
export const liftSuppression = (id: string) =>
  ok(api.DELETE('/api/v1/notifications/suppressions/{id}', { params: { path: { id } } }));
