/** What a shop offers to pay with, as the API describes it. */

import type { Schemas } from '../../api/client';

export type Method = Schemas['PaymentMethod'];
type TokenSource = Schemas['PaymentTokenSource'];

/** Whether this page has a form for the method. */
export function isKnown({ tokens }: Method): boolean {
  if (tokens.type === 'test') return tokens.tokens.length > 0;
  return tokens.type === 'stripe' && typeof tokens.amount === 'number';
}

/** Whether money is only pretended to be moved. */
export function isTest(methods: readonly Method[] | undefined): boolean {
  return methods?.some((it) => it.tokens.type === 'test') ?? false;
}

export type TestTokens = Extract<TokenSource, { type: 'test' }>;
export type StripeTokens = Extract<TokenSource, { type: 'stripe' }>;
