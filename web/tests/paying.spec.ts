/** Paying: what is asked next is on the screen, and other sites' scripts are where they belong. */

import type { Locator, Page, Route } from '@playwright/test';

import { en } from '../src/store/texts/en';
import { cancel, fillAddress, fillCart, orderButton, product } from './buyer';
import { expect, forgive, type Shop, test } from './shop';
import { PROVIDER, provider } from './stripe';

/** Fills the cart and the checkout, up to the payment. */
async function checkout(page: Page, shop: Shop) {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
}

/** It is on the screen, below the header, and the part around it has the focus. */
async function isUp(page: Page, heading: Locator) {
  await expect(heading).toBeVisible();
  await expect(async () => {
    const box = await heading.boundingBox();
    const head = await page.getByRole('banner').boundingBox();
    const bottom = (head?.y ?? 0) + (head?.height ?? 0);
    expect(box?.y).toBeGreaterThanOrEqual(bottom);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(
      page.viewportSize()?.height ?? 0,
    );
    const around = await heading.evaluate((it) => document.activeElement?.contains(it) ?? false);
    expect(around && (await page.evaluate(() => document.activeElement !== document.body))).toBe(
      true,
    );
  }).toPass();
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 740 }, isMobile: true, hasTouch: true });

  test('each question is on the screen when it comes, and an answer is seen at once', async ({
    page,
    shop,
  }) => {
    await checkout(page, shop);
    await expect(page.getByText(en.payment.testMode)).toBeVisible();
    await page.getByLabel(en.payment.cards.card_declined.label).check();
    await orderButton(page).click();
    await isUp(page, page.getByRole('heading', { name: en.payment.declined }));

    await page.getByLabel(en.payment.cards.requires_action.label).check();
    await page.getByRole('button', { name: /^Pay / }).click();
    await isUp(page, page.getByRole('heading', { name: en.payment.bank.title }));
    const approve = page.getByRole('button', { name: en.payment.bank.approve });
    expect((await approve.boundingBox())?.y).toBeLessThan(740);

    // The order does not show the answer at first, as in a shop that is busy.
    const reads: number[] = [];
    let answered = 0;
    await page.route('**/api/v1/payments/*/confirm', async (route) => {
      const answer = await route.fetch();
      answered = Date.now();
      await route.fulfill({ response: answer });
    });
    let before: { body: string } | undefined;
    await page.route('**/api/v1/orders/*', async (route) => {
      if (!before) before = { body: await (await route.fetch()).text() };
      if (answered === 0) return route.continue();
      reads.push(Date.now() - answered);
      if (reads.length < 3) return route.fulfill({ status: 200, json: JSON.parse(before.body) });
      return route.continue();
    });
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await expect.poll(() => before !== undefined).toBe(true);
    await approve.click();
    const status = page.getByText(en.payment.bank.answered);
    await expect(status).toBeVisible();
    await expect(approve).toHaveAttribute('aria-disabled', 'true');
    const deny = page.getByRole('button', { name: en.payment.bank.deny });
    await expect(deny).toHaveAttribute('aria-disabled', 'true');
    await isUp(page, page.getByRole('heading', { name: en.order.standing.confirmed.title }));
    expect(reads[1]).toBeLessThan(1_000);
    expect(reads.length).toBeGreaterThanOrEqual(3);

    await cancel(page);
    await isUp(page, page.getByRole('heading', { name: /has been cancelled/ }));
  });

  test('that an order is being asked about is on the screen', async ({
    page,
    shop,
    complaints,
  }) => {
    await checkout(page, shop);
    await page.route('**/api/v1/orders/checkout', (route) => route.abort('connectionreset'));
    await orderButton(page).click();
    await isUp(page, page.getByRole('heading', { name: en.checkout.pendingCheckout.title.asking }));
    forgive(complaints, /net::ERR_CONNECTION/);
  });
});

test('one comes to the checkout and leaves it by loading the page, and loses nothing', async ({
  page,
  shop,
}) => {
  const loads: string[] = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame())
      loads.push(new URL(request.url()).pathname);
  });
  const wanted = await product(shop, 0);
  await fillCart(page, wanted);
  expect(loads).toEqual([`/products/${wanted.slug}`, '/checkout']);
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await page.getByRole('link', { name: en.checkout.editCart }).click();
  await expect(page.getByRole('heading', { name: en.cart.title, level: 1 })).toBeVisible();
  expect(loads.slice(2)).toEqual(['/cart']);
  await page.goBack();
  await expect(page.getByLabel(en.checkout.email)).toHaveValue('grace@example.com');
  // From here to the order is no other kind of page.
  loads.length = 0;
  await orderButton(page).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  expect(loads).toEqual([]);
  await page.getByRole('link', { name: en.order.continueShopping }).click();
  await expect(page).toHaveURL('/');
  expect(loads).toEqual(['/']);
});

test('a form of Stripe’s stands beside the test cards and gives the token', async ({
  page,
  shop,
}) => {
  const stripe = await provider(page, shop);
  await checkout(page, shop);
  await page.getByLabel(en.payment.kinds.form).check();
  const form = page.frameLocator('iframe[title="payment"]');
  // What is not complete is said beside the form.
  await orderButton(page).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Fill it in.' })).toBeVisible();
  expect(stripe.checkouts).toEqual([]);

  // Another total keeps what is written, and the form is told.
  await form.getByLabel('Card number').fill('4242');
  await page.getByLabel(en.checkout.methods.express).check();
  await expect.poll(() => amounts(page)).toHaveLength(2);
  await expect(form.getByLabel('Card number')).toHaveValue('4242');
  await orderButton(page).click();
  await expect(page.getByRole('heading', { name: en.payment.action.title })).toBeVisible();
  expect(stripe.checkouts).toEqual([{ provider: 'stripe', token: 'ctoken_4242' }]);
  const told = await page.evaluate(() => (window as { told?: unknown[] }).told);
  expect(told).toContainEqual({
    made: expect.objectContaining({
      mode: 'payment',
      currency: 'usd',
      captureMethod: 'automatic_async',
      paymentMethodOptions: { card: { captureMethod: 'manual' } },
      locale: 'en',
      appearance: expect.objectContaining({ theme: 'stripe' }),
    }),
  });
  expect(told).toContainEqual({
    details: expect.objectContaining({
      email: 'grace@example.com',
      address: expect.objectContaining({ postal_code: '22201', country: 'US', state: 'VA' }),
    }),
  });
  // It began by itself, and was approved.
  await page.getByRole('button', { name: 'Approve at the bank' }).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  expect(stripe.confirms).toBe(1);
});

/** The totals that the form was told, each once. */
async function amounts(page: Page): Promise<number[]> {
  type Told = { made?: { amount?: number }; updated?: { amount?: number } };
  const told = await page.evaluate(() => (window as { told?: Told[] }).told ?? []);
  const all = told.flatMap((it) => it.made?.amount ?? it.updated?.amount ?? []);
  return [...new Set(all)];
}

test('a question of the bank’s that was left is continued after a reload', async ({
  page,
  shop,
}) => {
  const stripe = await provider(page, shop);
  await checkout(page, shop);
  await page.getByLabel(en.payment.kinds.form).check();
  await page.frameLocator('iframe[title="payment"]').getByLabel('Card number').fill('4242');
  await orderButton(page).click();
  const approve = page.getByRole('button', { name: 'Approve at the bank' });
  await expect(approve).toBeVisible();
  await page.reload();
  const again = page.getByRole('button', { name: en.payment.action.continue });
  await expect(again).toBeVisible();
  await expect(approve).toHaveCount(0);
  await again.click();
  await page.getByRole('button', { name: 'Close the question' }).click();
  await expect(page.getByText(en.payment.action.undone)).toBeVisible();
  await again.click();
  await approve.click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  expect(stripe.confirms).toBe(2);
});

test('a script that does not come is asked for again', async ({ page, shop, complaints }) => {
  await provider(page, shop);
  const source = `${PROVIDER}/stripe.js`;
  await page.route(source, (route: Route) => route.abort('connectionfailed'), { times: 1 });
  await checkout(page, shop);
  await page.getByLabel(en.payment.kinds.form).check();
  await page.getByText(en.payment.form.notLoaded).waitFor();
  await page.getByRole('button', { name: en.payment.form.tryAgain }).click();
  await expect(
    page.frameLocator('iframe[title="payment"]').getByLabel('Card number'),
  ).toBeVisible();
  forgive(complaints, /net::ERR_/);
});

test('one goes to a bank and comes back', async ({ page, shop }) => {
  const stripe = await provider(page, shop, { action: 'redirect' });
  await checkout(page, shop);
  await page.getByLabel(en.payment.kinds.form).check();
  await page.frameLocator('iframe[title="payment"]').getByLabel('Card number').fill('4242');
  await orderButton(page).click();
  await expect(page.getByText(en.payment.redirect.going('bank.example'))).toBeVisible();
  await page.getByRole('link', { name: 'Approve and go back' }).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  expect(stripe.confirms).toBe(1);
  // The address tells nothing of it any longer.
  await expect(page).toHaveURL(/\/orders\/[0-9a-f-]+$/);
});

test('a payment that the bank decides about later is not offered again', async ({ page, shop }) => {
  await provider(page, shop, { action: 'processing' });
  await checkout(page, shop);
  await page.getByLabel(en.payment.kinds.form).check();
  await page.frameLocator('iframe[title="payment"]').getByLabel('Card number').fill('4242');
  await orderButton(page).click();
  await expect(page.getByRole('heading', { name: en.order.bank.title })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Pay / })).toHaveCount(0);
});
