import { expect, test } from '@playwright/test';

import { ownPath } from '../../src/store/account/own';
import { most, withQuantity } from '../../src/store/cart/change';
import { changes } from '../../src/store/cart/seen';

const money = (amount: number) => ({ amount, currency: 'EUR' });

const item = (sku: string, quantity: number, available: number | null = 5) => ({
  sku,
  product_id: null,
  slug: sku,
  title: sku,
  variant_title: null,
  image: null,
  quantity,
  unit_price: money(1_000),
  total: money(1_000 * quantity),
  available,
  purchasable: available === null || available >= quantity,
});

const cart = (...items: ReturnType<typeof item>[]) => ({
  id: null,
  version: 1,
  items,
  subtotal: money(0),
  currency: 'EUR',
  item_count: 0,
  notices: items
    .filter((it) => !it.purchasable)
    .map((it) => ({ code: 'insufficient_stock', sku: it.sku, detail: '' })),
  updated_at: null,
});

test('another quantity changes the sums at once', () => {
  const after = withQuantity(cart(item('a', 1), item('b', 2)), 'a', 3);
  expect(after.item_count).toBe(5);
  expect(after.subtotal).toEqual(money(5_000));
});

test('nothing of an item takes it out', () => {
  expect(withQuantity(cart(item('a', 1), item('b', 2)), 'b', 0).items).toHaveLength(1);
});

test('a notice goes with its reason', () => {
  const short = cart(item('a', 9, 5));
  expect(short.notices).toHaveLength(1);
  expect(withQuantity(short, 'a', 8).notices).toHaveLength(1);
  expect(withQuantity(short, 'a', 5).notices).toHaveLength(0);
});

test('no more can be asked for than there is', () => {
  expect(most(item('a', 1, 7))).toBe(7);
  expect(most(item('a', 1, null))).toBe(999);
});

test('a price that is another than the one seen is noticed, a new item is not', () => {
  const found = changes({ a: 900 }, [item('a', 1), item('b', 1)]);
  expect(found).toMatchObject([{ before: money(900), now: money(1_000) }]);
});

test('a login leads to pages of this shop only', () => {
  const own = (next: unknown) => ownPath(next, 'https://shop.example');
  expect(own('/checkout?a=1#b')).toBe('/checkout?a=1#b');
  for (const other of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    'javascript:alert(1)',
    'checkout',
    undefined,
  ])
    expect(own(other)).toBe('/account');
});
