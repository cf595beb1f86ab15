/** Journeys of people who pay by Stripe, with a double of it that keeps its own books. */

import type { Page } from '@playwright/test';

import { en } from '../src/store/texts/en';
import { fillAddress, fillCart, orderButton, product } from './buyer';
import { forgive, type Shop } from './shop';
import { bank, type Card, choose, type Double, expect, test } from './stripeDouble';

const thanks = (page: Page) =>
  page.getByRole('heading', { name: en.order.standing.confirmed.title });
const declined = (page: Page) => page.getByRole('heading', { name: en.payment.declined });
const again = (page: Page) => page.getByRole('button', { name: en.payment.action.continue });

/** Buys something, from its page to the order. */
async function buy(page: Page, shop: Shop, card: Card) {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await choose(page, card);
  await orderButton(page).click();
}

/** Pays for the order whose page is shown. */
async function pay(page: Page, card: Card) {
  await choose(page, card);
  await page.getByRole('button', { name: /^Pay / }).click();
}

/** The order is confirmed, and its total was paid once, whatever was tried. */
async function isPaid(page: Page, double: Double) {
  await expect(thanks(page)).toBeVisible();
  const total = (await page.locator('aside dd').last().textContent()) ?? '';
  const cents = Math.round(Number(total.replace(/[^\d.]/g, '')) * 100);
  expect(await double.paid()).toEqual([cents]);
}

test.beforeEach(async ({ shop, double }) => double.sendEvents(shop.url));

test('a card is paid with, and no policy is violated on the way', async ({
  page,
  shop,
  double,
}) => {
  await buy(page, shop, 'card');
  await isPaid(page, double);
});

test('the script does not run before the checkout', async ({ page, double, complaints }) => {
  await page.goto('/cart');
  const directive = await page.evaluate(
    (src) =>
      new Promise<string>((done) => {
        document.addEventListener('securitypolicyviolation', (it) => done(it.effectiveDirective));
        const script = document.createElement('script');
        script.src = src;
        script.onload = () => done('loaded');
        document.head.append(script);
      }),
    double.script,
  );
  expect(directive).toBe('script-src-elem');
  expect(await page.evaluate(() => 'Stripe' in window)).toBe(false);
  forgive(complaints, /Content Security Policy|ERR_BLOCKED_BY_CSP/);
});

test('a card is declined and another one paid with', async ({ page, shop, double }) => {
  await buy(page, shop, 'card_declined');
  await expect(declined(page)).toBeVisible();
  await expect(page.getByText(en.payment.reasons.card_declined)).toBeVisible();
  await pay(page, 'card');
  await isPaid(page, double);
});

test('the bank asks and is told yes', async ({ page, shop, double }) => {
  await buy(page, shop, 'card_3ds');
  await bank(page).approve.click();
  await isPaid(page, double);
});

test('the bank asks and is told no, and another card is paid with', async ({
  page,
  shop,
  double,
}) => {
  await buy(page, shop, 'card_3ds');
  await bank(page).deny.click();
  await expect(declined(page)).toBeVisible();
  await expect(page.getByText(en.payment.reasons.authentication_failed)).toBeVisible();
  await pay(page, 'card');
  await isPaid(page, double);
});

test('a question that was closed, and one that was left, is asked again', async ({
  page,
  shop,
  double,
}) => {
  await buy(page, shop, 'card_3ds');
  await bank(page).close.click();
  await expect(page.getByText(en.payment.action.undone)).toBeVisible();
  await again(page).click();
  await expect(bank(page).approve).toBeVisible();
  await page.reload();
  await again(page).click();
  await bank(page).approve.click();
  await isPaid(page, double);
});

test('the tab is closed amid the question and the order opened in another', async ({
  page,
  shop,
  context,
  double,
}) => {
  await buy(page, shop, 'card_3ds');
  await expect(bank(page).approve).toBeVisible();
  const address = page.url();
  await page.close();
  const other = await context.newPage();
  await other.goto(address);
  await again(other).click();
  await bank(other).approve.click();
  await isPaid(other, double);
});

test('the webhook comes first, and the page shows it by itself', async ({ page, shop, double }) => {
  await buy(page, shop, 'card_3ds');
  await expect(bank(page).approve).toBeVisible();
  await page.reload();
  await expect(again(page)).toBeVisible();
  await double.authenticate(true);
  await double.deliver();
  await isPaid(page, double);
});

test('the webhook never comes, and the customer alone is enough', async ({
  page,
  shop,
  double,
}) => {
  await double.sendEvents(shop.url, { lost: true });
  await buy(page, shop, 'card_3ds');
  await bank(page).approve.click();
  await isPaid(page, double);
});

test('a card is saved, paid with again, and deleted', async ({ page, shop, double }) => {
  const { email, password } = await shop.login('customer');
  await page.goto('/login');
  await page.getByLabel(en.auth.emailOrUsername).fill(email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/account$/);
  const goods = await product(shop, 0);
  await fillCart(page, goods);
  await fillAddress(page);
  await choose(page, 'card');
  await page.getByLabel(en.payment.saved.save).check();
  await orderButton(page).click();
  await expect(thanks(page)).toBeVisible();

  await fillCart(page, goods);
  await fillAddress(page);
  await expect(page.getByLabel('Visa •••• 4242')).toBeChecked();
  await expect(page.locator('iframe')).toHaveCount(0);
  await orderButton(page).click();
  await expect(thanks(page)).toBeVisible();
  expect(await double.paid()).toHaveLength(2);

  await page.goto('/account/payment-methods');
  const remove = en.account.deletePaymentMethod('Visa •••• 4242');
  await page.getByRole('button', { name: remove }).click();
  await expect(page.getByText(en.account.noPaymentMethods)).toBeVisible();
});
