/** Journeys of people who pay by Stripe, with a double of it that keeps its own books. */

import type { Page } from '@playwright/test';

import { en } from '../src/store/texts/en';
import { fillAddress, fillCart, orderButton, product } from './buyer';
import { expect, forgive, type Shop, test } from './shop';
import {
  approveElsewhere,
  bank,
  type Card,
  charges,
  choose,
  double,
  sendEvents,
  settings,
} from './stripeDouble';

test.use({ settings });
test.skip(!double, 'STRIPE_DOUBLE_URL is not set');
// They share one double, whose latest payment and charges they ask for.
test.describe.configure({ mode: 'serial' });

const thanks = (page: Page) =>
  page.getByRole('heading', { name: en.order.standing.confirmed.title });
const unfinished = (page: Page) => page.getByRole('heading', { name: en.payment.action.title });
const again = (page: Page) => page.getByRole('button', { name: en.payment.action.continue });

/** Buys something, from its page to the order. */
async function buy(page: Page, shop: Shop, card: Card) {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill('grace@example.com');
  await fillAddress(page);
  await choose(page, card);
  await orderButton(page).click();
}

/** One charge more than before, of what the order costs. */
async function paidOnce(page: Page, before: number) {
  const total = (await page.locator('aside dd').last().textContent()) ?? '';
  const all = await charges();
  const moved = all.slice(before).map((it) => Math.max(it.captured, it.authorized));
  expect(moved.filter((it) => it > 0)).toEqual([
    Math.round(Number(total.replace(/[^\d.]/g, '')) * 100),
  ]);
}

test.beforeEach(async ({ shop }) => sendEvents(shop.url, 'at_once'));

test('a card is paid with, and no policy is violated on the way', async ({ page, shop }) => {
  const before = (await charges()).length;
  await buy(page, shop, 'pm_card_visa');
  await expect(thanks(page)).toBeVisible();
  await paidOnce(page, before);
});

test('the script does not run before the checkout', async ({ page, shop, complaints }) => {
  const { slug } = await product(shop, 0);
  await page.goto(`/products/${slug}`);
  const directive = await page.evaluate(
    (src) =>
      new Promise<string>((done) => {
        document.addEventListener('securitypolicyviolation', (it) => done(it.effectiveDirective));
        const script = document.createElement('script');
        script.src = src;
        script.onload = () => done('loaded');
        document.head.append(script);
      }),
    `${double}/stripe.js`,
  );
  expect(directive).toBe('script-src-elem');
  forgive(complaints, /Content Security Policy|ERR_BLOCKED_BY_CSP/);
});

test('a card is declined and another one paid with', async ({ page, shop }) => {
  const before = (await charges()).length;
  await buy(page, shop, 'pm_card_chargeDeclined');
  await expect(page.getByRole('heading', { name: en.payment.declined })).toBeVisible();
  await expect(page.getByText(en.payment.reasons.card_declined)).toBeVisible();
  await choose(page, 'pm_card_visa');
  await page.getByRole('button', { name: /^Pay / }).click();
  await expect(thanks(page)).toBeVisible();
  await paidOnce(page, before);
});

test('the bank asks and is told yes', async ({ page, shop }) => {
  const before = (await charges()).length;
  await buy(page, shop, 'pm_card_threeDSecure2Required');
  await bank(page).approve.click();
  await expect(thanks(page)).toBeVisible();
  await paidOnce(page, before);
});

test('the bank asks and is told no, and another card is paid with', async ({ page, shop }) => {
  const before = (await charges()).length;
  await buy(page, shop, 'pm_card_threeDSecure2Required');
  await bank(page).deny.click();
  await expect(page.getByRole('heading', { name: en.payment.declined })).toBeVisible();
  await expect(page.getByText(en.payment.reasons.authentication_failed)).toBeVisible();
  await choose(page, 'pm_card_visa');
  await page.getByRole('button', { name: /^Pay / }).click();
  await expect(thanks(page)).toBeVisible();
  await paidOnce(page, before);
});

test('a question that was left by a reload is continued', async ({ page, shop }) => {
  await buy(page, shop, 'pm_card_threeDSecure2Required');
  await expect(bank(page).question).toBeVisible();
  await page.reload();
  await expect(unfinished(page)).toBeVisible();
  await again(page).click();
  await bank(page).approve.click();
  await expect(thanks(page)).toBeVisible();
});

test('the tab is closed amid the question and the order opened in another', async ({
  page,
  shop,
  context,
}) => {
  await buy(page, shop, 'pm_card_threeDSecure2Required');
  await expect(bank(page).question).toBeVisible();
  const address = page.url();
  await page.close();
  const other = await context.newPage();
  await other.goto(address);
  await again(other).click();
  await bank(other).approve.click();
  await expect(thanks(other)).toBeVisible();
});

test('the webhook comes first, and the page shows it by itself', async ({ page, shop }) => {
  await sendEvents(shop.url, 'by_hand');
  await buy(page, shop, 'pm_card_threeDSecure2Required');
  await expect(bank(page).question).toBeVisible();
  await page.reload();
  await expect(unfinished(page)).toBeVisible();
  await approveElsewhere();
  await expect(thanks(page)).toBeVisible();
});

test('the webhook never comes, and the return alone is enough', async ({ page, shop }) => {
  await sendEvents(shop.url, 'by_hand');
  await buy(page, shop, 'pm_card_threeDSecure2Required');
  await bank(page).approve.click();
  await expect(thanks(page)).toBeVisible();
});
