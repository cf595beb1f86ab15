/** Which prices the buyer has seen, to tell when one is another now. */

import { useEffect, useState } from 'react';

import type { Money } from '../../format';
import type { Cart, CartItem } from '../cart';

const KEPT = 'cartwright.seen';

/** Amounts by SKU. */
type Seen = Record<string, number>;

export type PriceChange = { item: CartItem; before: Money; now: Money };

export function changes(seen: Seen, items: CartItem[]): PriceChange[] {
  return items.flatMap((item) => {
    const [before, now] = [seen[item.sku], item.unit_price];
    if (before === undefined || !now || now.amount === before) return [];
    return [{ item, before: { ...now, amount: before }, now }];
  });
}

/** What has changed since the cart was last looked at, for as long as it is looked at now. */
export function usePriceChanges(cart: Cart | null | undefined): PriceChange[] {
  const [seen] = useState<Seen>(() => JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Seen);
  useEffect(() => {
    if (!cart) return;
    const prices = cart.items.flatMap((it) =>
      it.unit_price ? [[it.sku, it.unit_price.amount] as const] : [],
    );
    localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(prices)));
  }, [cart]);
  return cart ? changes(seen, cart.items) : [];
}
