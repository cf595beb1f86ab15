/**
 * Changing quantities. The page shows the new ones at once; the shop is told when the buyer has
 * stopped pressing.
 */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { announce } from '../announce';
import { type CartItem, cartQuery, useAddToCart, useRemoveFromCart, useSetQuantity } from '../cart';
import { useTexts } from '../texts';
import { withQuantity } from './change';

/** Milliseconds without another change after which the shop is told. */
const CALM = 400;

type Waiting = { quantity: number; timer: number };

export function useEdits() {
  const queries = useQueryClient();
  const { cart: texts } = useTexts();
  const [failure, setFailure] = useState<unknown>(null);
  const [removed, setRemoved] = useState<CartItem | null>(null);
  const setting = useSetQuantity();
  const removing = useRemoveFromCart();
  const adding = useAddToCart();
  const waiting = useRef(new Map<string, Waiting>());

  const show = (sku: string, quantity: number) =>
    queries.setQueryData(cartQuery.queryKey, (cart) => cart && withQuantity(cart, sku, quantity));

  const showWaiting = () => {
    for (const [sku, { quantity }] of waiting.current) show(sku, quantity);
  };

  // Every answer counts, also where the next change is under way already. It knows nothing of what
  // the shop has not been told yet.
  const follow = (change: Promise<unknown>) => change.then(showWaiting, setFailure);

  const tell = (sku: string) => {
    const change = waiting.current.get(sku);
    if (!change) return;
    clearTimeout(change.timer);
    waiting.current.delete(sku);
    void follow(setting.mutateAsync({ sku, quantity: change.quantity }));
  };

  // Who leaves has decided.
  const leave = useRef(() => {});
  leave.current = () => [...waiting.current.keys()].forEach(tell);
  useEffect(() => () => leave.current(), []);

  return {
    failure,
    removed,
    setQuantity: (item: CartItem, quantity: number) => {
      setFailure(null);
      setRemoved(null);
      void queries.cancelQueries(cartQuery);
      show(item.sku, quantity);
      clearTimeout(waiting.current.get(item.sku)?.timer);
      const timer = window.setTimeout(() => tell(item.sku), CALM);
      waiting.current.set(item.sku, { quantity, timer });
    },
    remove: (item: CartItem) => {
      setFailure(null);
      clearTimeout(waiting.current.get(item.sku)?.timer);
      waiting.current.delete(item.sku);
      void queries.cancelQueries(cartQuery);
      show(item.sku, 0);
      setRemoved(item);
      announce(texts.removed(item.title ?? item.sku));
      void follow(removing.mutateAsync(item.sku));
    },
    putBack: (item: CartItem) => {
      setRemoved(null);
      announce(texts.addedBack(item.title ?? item.sku));
      void follow(adding.mutateAsync({ sku: item.sku, quantity: item.quantity }));
    },
  };
}
