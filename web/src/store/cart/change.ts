/** What a cart will look like, before the shop has said so. */

import type { Cart, CartItem } from '../cart';

/** The cart with another quantity of an item; 0 takes it out. */
export function withQuantity(cart: Cart, sku: string, quantity: number): Cart {
  const items = cart.items
    .map((it) => (it.sku === sku ? times(it, quantity) : it))
    .filter((it) => it.quantity > 0);
  return {
    ...cart,
    items,
    item_count: items.reduce((sum, it) => sum + it.quantity, 0),
    subtotal: {
      ...cart.subtotal,
      amount: items.reduce((sum, it) => sum + (it.total?.amount ?? 0), 0),
    },
    notices: (cart.notices ?? []).filter((it) => {
      const item = items.find(({ sku }) => sku === it.sku);
      return item !== undefined && !item.purchasable;
    }),
  };
}

function times(item: CartItem, quantity: number): CartItem {
  const price = item.unit_price;
  return {
    ...item,
    quantity,
    total: price ? { ...price, amount: price.amount * quantity } : null,
    purchasable: price != null && (item.available ?? Number.POSITIVE_INFINITY) >= quantity,
  };
}

/** How many of an item a buyer may ask for. */
export function most(item: CartItem): number {
  return Math.min(item.available ?? MOST, MOST);
}

/** What a cart takes of one SKU. */
const MOST = 999;
