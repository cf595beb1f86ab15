/** The payment methods for a purchase, and the one that is chosen. */

import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { api, ok } from '../../api/client';
import type { Money } from '../../format';
import { keptMethodsQuery } from '../account/queries';
import { isKnown } from './offered';
import type { Buyer } from './stripe';

/** What an order is paid with. */
export type Payment = { provider: string; token: string; save?: true };

/** What is to be paid for, and where the bill goes. */
export type Purchase = { country: string; total: Money };

/** What was chosen before: a method by its id, and a test card by its token. */
export type Chosen = { method: string; card: string };

/** What is chosen in place of a saved payment method. */
export const ANOTHER = 'another';

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

type Options = {
  /** Whether who pays has an account, which can have payment methods saved. */
  keeps: boolean;
  before?: Chosen;
};

/** Keeps which method is chosen. Without a purchase, nothing is known yet. */
export function usePaying(purchase: Purchase | undefined, { keeps, before }: Options) {
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
  const saves = keeps && (methods?.some((it) => it.tokens.type === 'stripe') ?? false);
  const { data: kept, isLoading } = useQuery({ ...keptMethodsQuery, enabled: saves, retry: false });
  const saved =
    kept?.filter((it) => methods?.some(({ provider }) => provider === it.provider)) ?? [];
  const [wanted, setWanted] = useState('');
  const use = wanted === ANOTHER ? undefined : (saved.find((it) => it.id === wanted) ?? saved[0]);
  const [save, setSave] = useState(false);
  const cards = method?.tokens.type === 'test' ? method.tokens.tokens : [];
  const card = (cards.find((it) => it.token === chosen.card) ?? cards[0])?.token ?? '';
  return {
    query,
    /** Whether it is not known yet what is saved. Where that cannot be found out, nothing is. */
    looking: isLoading,
    saved,
    /** The saved payment method that is paid with. */
    use,
    choose: setWanted,
    /** Whether what is written in the form is saved; null where that cannot be. */
    save: saves ? save : null,
    setSave,
    methods,
    method,
    card,
    chosen,
    set: (what: Partial<Chosen>) => setChosen((now) => ({ ...now, ...what })),
    /** Where the form of the chosen method puts itself. */
    form,
    /** What it is paid with; null where the form has said why there is nothing yet. */
    take: async (buyer: Buyer): Promise<Payment | null> => {
      if (use) return { provider: use.provider, token: use.id };
      if (!method) return null;
      if (method.tokens.type === 'test') return { provider: method.provider, token: card };
      const token = await form.current?.(buyer);
      if (!token) return null;
      return { provider: method.provider, token, ...(saves && save && { save: true }) };
    },
  };
}
