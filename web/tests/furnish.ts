/** A shop in which something has happened: what every page needs to have something to show. */

import type { Shop } from './shop';

export type Furnished = {
  customer: Account & { id: string };
  admin: Account;
  /** The customer's order: paid and shipped. */
  order: string;
  /** The id of a message about it. */
  message: string;
  /** A product with options, by slug and id. */
  product: { slug: string; id: string };
};

type Account = { email: string; password: string; token: string };

type Page<T> = { items: T[] };
type Product = { id: string; slug: string; options: unknown[]; variants: { sku: string }[] };

export const address = {
  name: 'Ada Lovelace',
  line1: '12 St James Square',
  city: 'London',
  postal_code: 'SW1Y 4LE',
  country: 'GB',
};

export async function furnish(shop: Shop): Promise<Furnished> {
  const admin = await shop.login('admin');
  const customer = await shop.login('customer');
  const products = await shop.ask<Page<Product>>('GET', '/api/v1/products?limit=100');
  const product = products.items.find((it) => it.options.length > 1);
  if (!product) throw new Error('the demo shop has no product with two options');

  const buy = (payment: string, sku: string) =>
    fetch(`${shop.url}/api/v1/orders/checkout`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${customer.token}`,
        'Idempotency-Key': `furnish-${payment}-${sku}`,
      },
      body: JSON.stringify({
        items: [{ sku, quantity: 1 }],
        shipping_address: address,
        payment: { provider: 'sandbox', token: payment },
      }),
    }).then((it) => it.json() as Promise<{ id: string }>);

  const sku = product.variants[0]?.sku ?? '';
  const order = await buy('tok_visa', sku);
  await buy('tok_visa', products.items[0]?.variants[0]?.sku ?? '');
  await buy('tok_declined', products.items[1]?.variants[0]?.sku ?? '');
  await shop.ask(
    'PATCH',
    `/api/v1/orders/${order.id}/status`,
    { status: 'shipped', tracking_number: 'RM123456785GB' },
    admin.token,
  );
  await shop.ask(
    'POST',
    '/api/v1/users/me/addresses',
    { ...address, is_default: true },
    customer.token,
  );
  await shop.ask('POST', '/api/v1/cart/items', { sku, quantity: 2 }, customer.token);
  const review = {
    product_id: product.id,
    rating: 4,
    title: 'Well made',
    body: 'Fits as it should.',
  };
  await shop.ask('POST', '/api/v1/reviews', review, customer.token);
  const { id } = await shop.ask<{ id: string }>(
    'GET',
    '/api/v1/users/me',
    undefined,
    customer.token,
  );
  const message = await messageAbout(shop, order.id, admin.token);
  return { customer: { ...customer, id }, admin, order: order.id, message, product };
}

/** The first message about an order; it is written a moment after what it tells of. */
async function messageAbout(shop: Shop, order: string, token: string): Promise<string> {
  const path = `/api/v1/notifications/history?order_id=${order}`;
  for (let tries = 0; tries < 100; tries++) {
    const { items } = await shop.ask<Page<{ id: string }>>('GET', path, undefined, token);
    if (items[0]) return items[0].id;
    await new Promise((later) => setTimeout(later, 100));
  }
  throw new Error(`nothing was written about order ${order}`);
}
