/**
 * The cart, of a guest or of who is logged in. A guest's is known by a token that this browser
 * keeps; at the login it becomes part of the account's.
 */

import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, ok, okWithHead, type Schemas } from '../api/client';
import { isProblem } from '../api/problem';
import * as session from '../api/session';

export type Cart = Schemas['Cart'];
export type CartItem = Schemas['CartItem'];

const TOKEN = 'cartwright.cart';

/** What the requests of a guest's cart carry. */
export function cartHeader(): { 'X-Cart-Token'?: string } {
  const token = localStorage.getItem(TOKEN);
  return token ? { 'X-Cart-Token': token } : {};
}

function keep({ data, response }: { data: Cart; response: Response }): Cart {
  const token = data.token ?? response.headers.get('X-Cart-Token');
  if (token && !session.expected()) localStorage.setItem(TOKEN, token);
  return data;
}

/** A guest's cart becomes part of the account's. To be called after a login. */
export async function mergeCart(): Promise<void> {
  const token = localStorage.getItem(TOKEN);
  if (!token) return;
  try {
    await ok(api.POST('/api/v1/cart/merge', { params: { header: { 'X-Cart-Token': token } } }));
  } catch (error) {
    // A cart that is gone cannot be merged; whatever may pass by itself is tried at the next login.
    if (!isProblem(error) || error.status >= 500) throw error;
  }
  localStorage.removeItem(TOKEN);
}

/** Nobody who has neither token nor account has a cart: nothing is asked then. */
export const cartQuery = queryOptions({
  queryKey: ['cart'],
  queryFn: async (): Promise<Cart | null> =>
    session.expected() || localStorage.getItem(TOKEN)
      ? keep(await okWithHead(api.GET('/api/v1/cart', { headers: cartHeader() })))
      : null,
});

export function useCart() {
  return useQuery(cartQuery);
}

/** Which of two states of the cart is the later one: answers may overtake each other. */
export function later(now: Cart | null | undefined, told: Cart): Cart {
  return now && now.id === told.id && now.version > told.version ? now : told;
}

/** A change of the cart; the answer is the new cart. */
function useChange<T>(change: (what: T) => Promise<Cart>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (cart) => queries.setQueryData(cartQuery.queryKey, (now) => later(now, cart)),
    onError: () => queries.invalidateQueries(cartQuery),
  });
}

export function useAddToCart() {
  return useChange(async (body: { sku: string; quantity: number }) =>
    keep(await okWithHead(api.POST('/api/v1/cart/items', { body, headers: cartHeader() }))),
  );
}

export function useSetQuantity() {
  return useChange(async ({ sku, quantity }: { sku: string; quantity: number }) =>
    keep(
      await okWithHead(
        api.PATCH('/api/v1/cart/items/{sku}', {
          params: { path: { sku } },
          body: { quantity },
          headers: cartHeader(),
        }),
      ),
    ),
  );
}

export function useRemoveFromCart() {
  return useChange(async (sku: string) =>
    keep(
      await okWithHead(
        api.DELETE('/api/v1/cart/items/{sku}', {
          params: { path: { sku } },
          headers: cartHeader(),
        }),
      ),
    ),
  );
}
