/** Questions about one's own account. */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../api/client';

export type KeptAddress = Schemas['SavedAddress'];
export type KeptMethod = Schemas['SavedPaymentMethod'];

/** All of these begin with it, so that they can be forgotten together. */
export const ACCOUNT = 'account';

export const addressesQuery = queryOptions({
  queryKey: [ACCOUNT, 'addresses'],
  queryFn: () => ok(api.GET('/api/v1/users/me/addresses')),
});

/** What the account has saved with the shop's payment providers. */
export const keptMethodsQuery = queryOptions({
  queryKey: [ACCOUNT, 'payment-methods'],
  queryFn: async () => (await ok(api.GET('/api/v1/users/me/payment-methods'))).data,
});

export const ordersQuery = infiniteQueryOptions({
  queryKey: [ACCOUNT, 'orders'],
  queryFn: ({ pageParam: cursor }) =>
    ok(
      api.GET('/api/v1/orders', {
        params: { query: cursor ? { limit: 10, cursor } : { limit: 10 } },
      }),
    ),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

export const sessionsQuery = queryOptions({
  queryKey: [ACCOUNT, 'sessions'],
  queryFn: () => ok(api.GET('/api/v1/users/me/sessions', { params: { query: { limit: 100 } } })),
});

export const preferencesQuery = queryOptions({
  queryKey: [ACCOUNT, 'preferences'],
  queryFn: () => ok(api.GET('/api/v1/notifications/preferences')),
});
