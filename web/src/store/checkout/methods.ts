/** The payment methods of the shop, and the one that is chosen. */

import { queryOptions, useQuery } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../api/client';

type Method = Schemas['PaymentMethod'];

/** What an order is paid with. */
export type Payment = { provider: string; token: string };

export const methodsQuery = queryOptions({
  queryKey: ['payment-methods'],
  queryFn: async () => (await ok(api.GET('/api/v1/payments/methods'))).data,
  staleTime: 60_000,
});

type TestCard = Payment & { outcome: Schemas['PaymentTestOutcome'] };

/** The test cards among the methods. */
export function testCards(methods: Method[]): TestCard[] {
  return methods.flatMap(({ provider, tokens }) =>
    tokens.type === 'test' ? tokens.tokens.map((it) => ({ provider, ...it })) : [],
  );
}

/** The chosen payment, or the first one; none while the methods are not known. */
export function usePayment(chosen: Payment | null): Payment | undefined {
  const cards = testCards(useQuery(methodsQuery).data ?? []);
  const found = cards.find(
    ({ provider, token }) => provider === chosen?.provider && token === chosen.token,
  );
  const card = found ?? cards[0];
  return card && { provider: card.provider, token: card.token };
}
