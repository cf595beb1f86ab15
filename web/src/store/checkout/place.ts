/** Asking for the price, and ordering. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas, unnamed } from '../../api/client';
import { isProblem, Problem } from '../../api/problem';
import * as session from '../../api/session';
import { cartHeader } from '../cart';
import { keepOrderSecrets } from '../orders/keys';
import { type Attempt, slot } from './attempt';

export type Checkout = Schemas['Checkout'];
export type Quote = Schemas['OrderQuote'];
export type Method = Schemas['ShippingMethod'];

/** The one checkout that may be under way in this browser. */
export const checkouts = slot<Checkout>('checkout');

/** What the cart costs, sent this way. */
export const quoteQuery = (buyer: string | null, version: number, method: Method | '') =>
  queryOptions({
    queryKey: ['quote', buyer, version, method],
    queryFn: () =>
      ok(
        api.POST('/api/v1/orders/quote', {
          body: method ? { shipping_method: method } : {},
          headers: cartHeader(),
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

/**
 * Orders, or finds the order that came of the same attempt before; the answer is its id. Whether
 * it is paid, the order itself tells.
 */
export async function place({ key, user, cart, body }: Attempt<Checkout>): Promise<string> {
  if (user) await sameAs(user);
  try {
    const order = await ok(
      api.POST('/api/v1/orders/checkout', {
        params: { header: { 'Idempotency-Key': key } },
        headers: cart ? { 'X-Cart-Token': cart } : {},
        body,
        // A guest's order stays the guest's, though there may be a login since.
        ...(user ? {} : { fetch: unnamed }),
      }),
    );
    if (order.access_token) keepOrderSecrets(order.id, { token: order.access_token });
    return order.id;
  } catch (error) {
    const id = acceptedAs(error);
    if (id) return id;
    throw error;
  }
}

/** Keys count per account: sent in another's name, the request would be a new one. */
async function sameAs(user: string) {
  await session.token();
  if (session.user()?.id !== user)
    throw new Problem({ status: 401, code: 'unauthenticated', detail: 'log in again' });
}

/** The order that exists in spite of the problem: its payment was declined, or it is over. */
function acceptedAs(error: unknown): string | null {
  if (!isProblem(error, 'payment_declined') && !isProblem(error, 'order_cancelled')) return null;
  const { order_id: id, access_token: token } = error.body;
  if (typeof id !== 'string') return null;
  if (typeof token === 'string') keepOrderSecrets(id, { token });
  return id;
}
