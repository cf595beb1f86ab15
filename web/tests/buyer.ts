/** What everybody does who buys. */

import type { Locator, Page } from '@playwright/test';

import { en } from '../src/store/texts/en';
import { expect, type Shop } from './shop';

export type List<T> = { items: T[] };
type Variant = { sku: string; options: Record<string, string>; available: number | null };
export type Product = { slug: string; title: string; variants: Variant[] };

export const someone = {
  name: 'Grace Hopper',
  line1: '1 Harbour Street',
  city: 'Arlington',
  region: 'Virginia',
  zip: '22201',
};

/** The first demo product that has this many options and more of each variant than one. */
export async function product(shop: Shop, options: number): Promise<Product> {
  const { items } = await shop.ask<List<Product>>('GET', '/api/v1/products?limit=100');
  const found = items.find(
    ({ variants }) =>
      Object.keys(variants[0]?.options ?? {}).length === options &&
      variants.every((it) => (it.available ?? 0) > 2),
  );
  if (!found) throw new Error(`the demo shop has no product with ${options} options`);
  return found;
}

/** Puts a product into the cart from its page and goes to the checkout. */
export async function fillCart(page: Page, { slug }: Product) {
  await page.goto(`/products/${slug}`);
  await page.getByRole('button', { name: en.product.addToCart }).first().click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('link', { name: en.cart.checkOut }).click();
  await expect(page.getByRole('heading', { name: en.checkout.title, level: 1 })).toBeVisible();
}

export async function fillAddress(page: Page) {
  await page.getByLabel(en.address.country).first().selectOption('US');
  await page.getByLabel(en.address.name).first().fill(someone.name);
  await page.getByLabel(en.address.line1).first().fill(someone.line1);
  await page.getByLabel(en.address.city.other).first().fill(someone.city);
  await page.getByLabel(en.address.region.state).first().selectOption(someone.region);
  await page.getByLabel(en.address.postal.zip).first().fill(someone.zip);
}

export const orderButton = (page: Page): Locator =>
  page.getByRole('button', { name: /^Place order/ });

/** Calls off the order whose page is shown. */
export async function cancel(page: Page) {
  await page.getByRole('button', { name: en.order.cancel.open }).click();
  await page.getByRole('dialog').getByRole('button', { name: en.order.cancel.yes }).click();
}
