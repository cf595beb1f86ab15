/**
 * What the journeys with Stripe need of its double: the settings of a shop that uses it, what a customer
 * does in its form and with its bank's question, and what the double is told beside the browser.
 * `STRIPE_DOUBLE_URL` says where it runs.
 */

import type { FrameLocator, Page } from '@playwright/test';

import { en } from '../src/store/texts/en';

export const double = process.env.STRIPE_DOUBLE_URL ?? '';

/** A shop that pays by the double, and by nothing else beside the sandbox. */
export const settings: Record<string, string> = {
  CARTWRIGHT__PAYMENTS__STRIPE__SECRET_KEY: 'sk_test_double',
  CARTWRIGHT__PAYMENTS__STRIPE__PUBLISHABLE_KEY: 'pk_test_double',
  CARTWRIGHT__PAYMENTS__STRIPE__WEBHOOK_SECRETS: '["whsec_double"]',
  CARTWRIGHT__PAYMENTS__STRIPE__API_URL: double,
  CARTWRIGHT__PAYMENTS__STRIPE__SCRIPT_URL: `${double}/stripe.js`,
};

/** A card by Stripe's name for what becomes of it. */
export type Card = 'pm_card_visa' | 'pm_card_chargeDeclined' | 'pm_card_threeDSecure2Required';

const form = (page: Page): FrameLocator => page.frameLocator('iframe[title*="payment" i]').first();

/** Chooses Stripe where there is more than one method, and a card in its form. */
export async function choose(page: Page, card: Card) {
  const method = page.getByLabel(en.payment.kinds.form);
  await method.or(page.locator('iframe[title*="payment" i]')).first().waitFor();
  if (await method.count()) await method.check();
  await form(page).getByLabel(card).check();
}

/** What the bank asks, over the page. */
export function bank(page: Page) {
  const question = page.frameLocator('iframe[title*="3D Secure" i]').first();
  return {
    question: question.getByRole('heading'),
    approve: question.getByRole('button', { name: /approve|complete/i }),
    deny: question.getByRole('button', { name: /deny|fail/i }),
  };
}

/** Where events go, and whether they are sent at once, by hand, or not at all. */
export async function sendEvents(shop: string, when: 'at_once' | 'by_hand') {
  await control('POST', '/webhooks', {
    url: `${shop}/api/v1/webhooks/stripe`,
    secret: 'whsec_double',
    when,
  });
}

/** Approves the question of the latest payment beside the browser, and sends what waits. */
export async function approveElsewhere() {
  await control('POST', '/latest/approve', {});
  await control('POST', '/webhooks/flush', {});
}

/** How many charges there are, each with what of it was taken or is held, in minor units. */
export async function charges(): Promise<{ captured: number; authorized: number }[]> {
  return (await control('GET', '/charges')) as { captured: number; authorized: number }[];
}

async function control(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${double}/control${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body ? JSON.stringify(body) : null,
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : undefined;
}
