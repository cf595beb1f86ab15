import { expect, test } from '@playwright/test';

import { isKnown, isTest, type Method } from '../../src/store/checkout/offered';
import { billingDetails, wordsFor } from '../../src/store/checkout/stripe';
import { interval } from '../../src/store/orders/interval';
import { nextAction } from '../../src/store/orders/nextAction';
import { stage } from '../../src/store/orders/timeline';
import { pays } from '../../src/store/paying';
import { de } from '../../src/store/texts/de';
import { en } from '../../src/store/texts/en';

const action = (next_action: object) =>
  nextAction({
    payment: {
      id: '1',
      status: 'requires_action',
      next_action: { method: 'POST', href: '/api/v1/payments/1/confirm', type: '', ...next_action },
    },
  });

test('the next action is read as data, and nothing of it is trusted to run', () => {
  expect(nextAction({ payment: null })).toBeNull();
  expect(action({ type: 'confirm' })).toEqual({ type: 'confirm' });
  expect(action({ type: 'stripe', client_secret: 'pi_1_secret_2', publishable_key: 'pk' })).toEqual(
    {
      type: 'stripe',
      clientSecret: 'pi_1_secret_2',
      publishableKey: 'pk',
    },
  );
  const bank = action({ type: 'redirect', url: 'https://bank.example/3ds?a=1' });
  expect(bank).toMatchObject({ type: 'redirect', url: new URL('https://bank.example/3ds?a=1') });
  for (const odd of [
    { type: 'redirect', url: 'javascript:alert(1)' },
    { type: 'redirect', url: '/orders/1' },
    { type: 'redirect' },
    { type: 'stripe', client_secret: 'pi_1_secret_2' },
    { type: 'dance' },
  ])
    expect(action(odd)).toEqual({ type: 'unknown' });
});

test('a method without a form here is not offered', () => {
  const method = (tokens: object) => ({ id: 'a', provider: 'b', kind: 'card', title: 'C', tokens });
  const test = method({ type: 'test', tokens: [{ token: 't', outcome: 'succeeds' }] }) as Method;
  const stripe = method({ type: 'stripe', amount: 100 }) as Method;
  const later = method({ type: 'paypal' }) as unknown as Method;
  expect([test, stripe, later].map(isKnown)).toEqual([true, true, false]);
  expect(isKnown(method({ type: 'stripe', amount: null }) as Method)).toBe(false);
  expect([isTest([stripe]), isTest([stripe, test]), isTest(undefined)]).toEqual([
    false,
    true,
    false,
  ]);
});

test('after an answer an order is read within 300 ms, then ever less often', () => {
  expect(interval('confirm', 7)).toBe(5_000);
  expect(interval('confirm', 8, 7)).toBeLessThan(300);
  const pauses = Array.from({ length: 20 }, (_, at) => interval('confirm', 8 + at, 7));
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  expect(pauses.at(-1)).toBe(5_000);
  expect(interval('working', 1)).toBeLessThan(300);
  expect(interval('pay', 3)).toBe(30_000);
});

test('a payment the bank decides about is nobody’s to pay again', () => {
  expect(stage({ status: 'pending', payment_status: 'processing' })).toBe('processing');
});

test('what a provider says is told in the words there are, else in its own for customers', () => {
  const words = (error: object) =>
    wordsFor({ type: 'card_error', ...error }, en.payment.reasons, en.payment.form.failed);
  expect(words({ code: 'card_declined', decline_code: 'insufficient_funds' })).toBe(
    en.payment.reasons.insufficient_funds,
  );
  expect(words({ code: 'expired_card', message: 'x' })).toBe(en.payment.reasons.expired_card);
  expect(words({ code: 'new_code', message: 'Try it so.' })).toBe('Try it so.');
  const internal = { type: 'api_error', code: 'x', message: 'No such key pk_live_1' };
  expect(words(internal)).toBe(en.payment.form.failed);
});

test('every reason has words in both languages', () => {
  const codes = [
    ...['card_declined', 'insufficient_funds', 'expired_card', 'incorrect_cvc'],
    ...['authentication_failed', 'processing_error', 'try_again_later', 'card_not_supported'],
    ...['currency_not_supported', 'amount_too_small', 'amount_too_large', 'provider_error'],
    ...['payment_expired', 'declined'],
  ];
  for (const { payment } of [en, de])
    expect(Object.keys(payment.reasons)).toEqual(expect.arrayContaining(codes));
});

test('all of an address is told that the form is not to ask for', () => {
  const address = { name: 'Ada', line1: '1 Harbour Street', country: 'GB', city: 'London' };
  expect(billingDetails({ email: 'ada@example.com', address })).toEqual({
    name: 'Ada',
    email: 'ada@example.com',
    address: {
      line1: '1 Harbour Street',
      line2: '',
      city: 'London',
      state: '',
      postal_code: '',
      country: 'GB',
    },
  });
  expect(billingDetails({ email: 'ada@example.com' })).toEqual({ email: 'ada@example.com' });
});

test('customers pay at the checkout and on the page of an order, and nowhere else', () => {
  for (const path of ['/checkout', '/orders/0197']) expect(pays(path)).toBe(true);
  for (const path of [
    '/',
    '/cart',
    '/orders',
    '/orders/',
    '/orders/1/2',
    '/checkout/1',
    '/account',
  ])
    expect(pays(path)).toBe(false);
});
