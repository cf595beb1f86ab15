/** The payment methods for a purchase, and the one that is chosen. */

import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { api, ok } from '../../api/client';
import type { Money } from '../../format';
import { isKnown } from './offered';
import type { Buyer } from './stripe';

/** What an order is paid with. */
export type Payment = { provider: string; token: string };

/** What is to be paid for, and where the bill goes. */
export type Purchase = { country: string; total: Money };

/** What was chosen before: a method by its id, and a test card by its token. */
export type Chosen = { method: string; card: string };

export const methodsQuery = (purchase: Purchase | undefined) => {
  const { country = '', total } = purchase ?? {};
  return queryOptions({
    queryKey: ['payment-methods', country, total],
    queryFn: async () => {
      const query = {
        ...(country && { country }),
        ...(total && { currency: total.currency, total: total.amount }),
      };
      return (await ok(api.GET('/api/v1/payments/methods', { params: { query } }))).data;
    },
    staleTime: 60_000,
  });
};

/** A form of a provider's: gives a token for what is written there, or says itself what is wrong. */
export type TokenForm = (buyer: Buyer) => Promise<string | null>;

/** How a purchase is being paid. */
export type Paying = ReturnType<typeof usePaying>;

/** Keeps which method is chosen. Without a purchase, nothing is known yet. */
export function usePaying(purchase: Purchase | undefined, before?: Chosen) {
  const query = useQuery({
    ...methodsQuery(purchase),
    enabled: purchase !== undefined,
    // Another total keeps the form, and what is written in it.
    placeholderData: keepPreviousData,
  });
  const [chosen, setChosen] = useState<Chosen>(before ?? { method: '', card: '' });
  const form = useRef<TokenForm | null>(null);
  const methods = query.data?.filter(isKnown);
  const method = methods?.find((it) => it.id === chosen.method) ?? methods?.[0];
  const cards = method?.tokens.type === 'test' ? method.tokens.tokens : [];
  const card = (cards.find((it) => it.token === chosen.card) ?? cards[0])?.token ?? '';
  return {
    query,
    methods,
    method,
    card,
    chosen,
    choose: (what: Partial<Chosen>) => setChosen((now) => ({ ...now, ...what })),
    /** Where the form of the chosen method puts itself. */
    form,
    /** What it is paid with; null where the form has said why there is nothing yet. */
    take: async (buyer: Buyer): Promise<Payment | null> => {
      if (!method) return null;
      const token = method.tokens.type === 'test' ? card : await form.current?.(buyer);
      return token ? { provider: method.provider, token } : null;
    },
  };
}
