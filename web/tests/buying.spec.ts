/** Journeys of people who buy. */

import { en } from '../src/store/texts/en';
import { fillAddress, fillCart, type List, orderButton, product, someone } from './buyer';
import { expect, forgive, type Shop, test } from './shop';

type Order = { id: string; status: string; payment_status: string; number: string };
async function orders(shop: Shop): Promise<Order[]> {
  const { token } = await shop.login('admin');
  return (await shop.ask<List<Order>>('GET', '/api/v1/orders?all=true', undefined, token)).items;
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });

  test('a guest buys', async ({ page, shop }) => {
    await page.goto('/');
    await page.getByRole('heading', { name: en.home.popularTitle }).scrollIntoViewIfNeeded();
    await fillCart(page, await product(shop, 0));
    await page.reload(); // the cart is still there
    await page.getByLabel(en.checkout.email).fill('grace@example.com');
    await fillAddress(page);
    await page.getByLabel(en.payment.cards.succeeds.label).check();
    await orderButton(page).click();
    await expect(
      page.getByRole('heading', { name: en.order.standing.confirmed.title }),
    ).toBeVisible();
    await page.reload(); // the guest's own order can be read again
    await expect(
      page.getByRole('heading', { name: en.order.standing.confirmed.title }),
    ).toBeVisible();
    expect(await orders(shop)).toMatchObject([{ status: 'confirmed', payment_status: 'paid' }]);
  });
});

test('choosing another country changes the form', async ({ page, shop }) => {
  const { address, form } = en;
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  const country = page.getByLabel(address.country).first();
  const state = page.getByLabel(address.region.state);

  await country.selectOption('US');
  await expect(state.locator('option')).toContainText(['Virginia']);
  await expect(page.getByLabel(address.postal.zip)).toBeVisible();
  await state.selectOption('VA');

  await country.selectOption('GB');
  await expect(page.getByLabel(address.postal.postcode)).toBeVisible();
  await expect(page.getByLabel(address.city.post_town)).toBeVisible();
  await expect(state).toHaveCount(0);

  await country.selectOption('HK');
  const area = page.getByLabel(address.region.area);
  await expect(area.locator('option')).toContainText(['Kowloon']);
  await expect(page.getByLabel(address.postal.postcode)).toHaveCount(0);
  // The American state is none of these.
  await orderButton(page).click();
  await expect(area).toHaveAccessibleDescription(form.required);

  await country.selectOption('CA');
  await page.getByLabel(address.name).first().fill(someone.name);
  await page.getByLabel(address.line1).first().fill(someone.line1);
  await page.getByLabel(address.city.other).fill('Ottawa');
  await page.getByLabel(address.region.province).selectOption('Ontario');
  const postal = page.getByLabel(address.postal.other);
  await postal.fill('12345');
  await orderButton(page).click();
  await expect(postal).toHaveAccessibleDescription(form.postal('H3Z 2Y7'));
  await postal.fill('k1a 0b1');
  await orderButton(page).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  await expect(page.getByText('Ottawa ON K1A 0B1')).toBeVisible();
});

test('a customer registers, searches with a typo, picks a variant, is declined and pays in the end', async ({
  page,
  shop,
}) => {
  const wanted = await product(shop, 2);
  const variant = wanted.variants[1];
  if (!variant) throw new Error('a product with options has more than one variant');

  await page.goto('/register');
  await page.getByLabel(en.auth.name, { exact: true }).fill(someone.name);
  await page.getByLabel(en.auth.email).fill('grace@example.com');
  await page.getByLabel(en.auth.password, { exact: true }).fill('a ship in port is safe');
  await page.getByRole('button', { name: en.auth.register }).click();
  await expect(page.getByRole('link', { name: en.shell.account })).toBeVisible();

  // One letter is wrong.
  const word = wanted.title.split(' ').reduce((a, b) => (b.length > a.length ? b : a));
  const typo = `${word.slice(0, 2)}${word[3]}${word[2]}${word.slice(4)}`;
  await page.getByRole('combobox', { name: en.shell.searchLabel }).fill(typo);
  await page.keyboard.press('Enter');
  await page.getByRole('main').getByRole('link', { name: wanted.title }).first().click();
  await expect(page.getByRole('heading', { name: wanted.title, level: 1 })).toBeVisible();

  for (const value of Object.values(variant.options)) {
    await page.getByRole('radio', { name: new RegExp(`^${value}`) }).check({ force: true });
  }
  await expect(page).toHaveURL(new RegExp(`sku=${variant.sku}`));
  await page.getByRole('button', { name: en.product.addToCart }).first().click();
  await page.getByRole('dialog').getByRole('link', { name: en.cart.checkOut }).click();

  await fillAddress(page);
  await page.getByLabel(en.payment.cards.card_declined.label).check();
  await orderButton(page).click();
  await expect(page.getByRole('heading', { name: en.payment.declined })).toBeVisible();

  await page.getByLabel(en.payment.cards.requires_action.label).check();
  await page.getByRole('button', { name: /^Pay / }).click();
  await expect(page.getByRole('heading', { name: en.payment.bank.title })).toBeVisible();
  await page.getByRole('button', { name: en.payment.bank.approve }).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();

  const [order] = await orders(shop);
  await page.goto('/account');
  await expect(page.getByText(order?.number ?? 'an order')).toBeVisible();

  const { token } = await shop.login('staff');
  const now = await shop.ask<{ available: number }>(
    'GET',
    `/api/v1/inventory/${variant.sku}`,
    undefined,
    token,
  );
  expect(now.available).toBe((variant.available ?? 0) - 1);
  await expect(async () => {
    const mails = await shop.ask<List<{ template: string }>>(
      'GET',
      '/api/v1/notifications/history?recipient=grace@example.com',
      undefined,
      token,
    );
    expect(mails.items.map((it) => it.template)).toContain('order_confirmed');
  }).toPass();
});

test('a double click and a reload during the checkout make one order', async ({
  page,
  shop,
  complaints,
}) => {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await page.getByLabel(en.payment.cards.succeeds.label).check();
  // The first answer is lost on its way: the order is made, and nobody here knows.
  let sent = 0;
  await page.route('**/api/v1/orders/checkout', async (route) => {
    sent += 1;
    if (sent > 1) return route.continue();
    await route.fetch();
    await route.abort('connectionreset');
  });
  await orderButton(page).dblclick();
  await page.reload();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  expect(sent).toBeGreaterThan(1);
  expect(await orders(shop)).toHaveLength(1);
  forgive(complaints, /net::ERR_CONNECTION/);
});

test('a shop that is killed amid the checkout comes back with one order', async ({
  page,
  shop,
  complaints,
}) => {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await page.getByLabel(en.payment.cards.succeeds.label).check();
  let killed = false;
  await page.route('**/api/v1/orders/checkout', async (route) => {
    if (killed) return route.continue();
    killed = true;
    const answered = route.fetch().catch(() => null);
    await shop.kill();
    await answered;
    await route.abort('connectionreset');
  });
  await orderButton(page).click();
  await expect(
    page.getByRole('heading', { name: en.checkout.pendingCheckout.title.asking }),
  ).toBeVisible();
  await shop.start();
  await expect(page.getByRole('heading', { name: en.order.standing.confirmed.title })).toBeVisible({
    timeout: 30_000,
  });
  expect(await orders(shop)).toHaveLength(1);
  forgive(complaints, /net::ERR_CONNECTION/);
});

test('who starts over is charged for the new order alone', async ({ page, shop }) => {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await page.getByLabel(en.payment.cards.requires_action.label).check();
  await orderButton(page).click();
  await expect(page.getByRole('heading', { name: en.payment.bank.title })).toBeVisible();

  // Not confirmed, but left, and bought with another card.
  await page.goto('/checkout');
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await page.getByLabel(en.payment.cards.succeeds.label).check();
  await orderButton(page).click();
  await page.getByRole('button', { name: en.checkout.refused.replaceOrder }).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  expect(await orders(shop)).toMatchObject([
    { status: 'confirmed', payment_status: 'paid' },
    { status: 'cancelled', payment_status: 'voided' },
  ]);
});

test('payment methods that cannot be loaded can be asked for again', async ({
  page,
  shop,
  complaints,
}) => {
  const methods = '**/api/v1/payments/methods?*';
  await page.route(methods, (route) =>
    route.fulfill({
      status: 400,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: 'about:blank', status: 400, code: 'broken', detail: 'broken' }),
    }),
  );
  await fillCart(page, await product(shop, 0));
  const again = page.getByRole('button', { name: en.failed.tryAgain });
  await expect(again).toBeVisible();
  await expect(orderButton(page)).toHaveAttribute('aria-disabled', 'true');
  forgive(complaints, /400/);
  await page.unroute(methods);
  await again.click();
  await expect(page.getByLabel(en.payment.cards.succeeds.label)).toBeChecked();
});
