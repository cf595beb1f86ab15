import { expect, test } from '@playwright/test';

import { billedTo, buyerOf, check, emptyForm, toBody } from '../../src/store/checkout/form';
import { rules } from './rules';

const total = { amount: 1_999, currency: 'USD' };
const user = { guest: false, shipped: true, rules, language: 'de' };

test('an order that waits is given up only where the buyer has said so', () => {
  expect(toBody(emptyForm('GB'), user, total)).not.toHaveProperty('supersede');
  const body = toBody(emptyForm('GB'), { ...user, supersede: true }, total);
  expect(body.supersede).toBe(true);
});

test('mails about an order are written in the language it was ordered in', () => {
  expect(toBody(emptyForm('GB'), user, total).language).toBe('de');
});

test('what costs nothing is ordered without a payment', () => {
  const payment = { provider: 'sandbox', token: 'tok_visa' };
  expect(toBody(emptyForm('GB'), { ...user, payment }, total).payment).toEqual(payment);
  const free = { amount: 0, currency: 'USD' };
  expect(toBody(emptyForm('GB'), user, free)).not.toHaveProperty('payment');
});

test('an order goes where the shop delivers, the bill goes anywhere', () => {
  const abroad = (country: string) => ({ ...rules(country), delivered: country === 'GB' });
  const needs = { ...user, rules: abroad };
  expect(check(emptyForm('GB'), needs)).not.toHaveProperty(['shipping.country']);
  const found = check({ ...emptyForm('US'), elsewhere: 'yes' }, needs);
  expect(found['shipping.country']).toBe('undelivered');
  expect(found['billing.country']).toBeUndefined();
});

test('the payment provider is told where the bill goes', () => {
  const form = { ...emptyForm('GB'), 'shipping.name': 'Ada', 'billing.name': 'Grace' };
  const named = (more: object, shipped: boolean) =>
    buyerOf({ ...form, ...more }, 'ada@example.com', { shipped, rules });
  expect(named({}, true)).toMatchObject({ email: 'ada@example.com', address: { name: 'Ada' } });
  expect(named({ elsewhere: 'yes' }, true).address?.name).toBe('Grace');
  expect(named({ elsewhere: 'yes' }, false).address?.name).toBe('Grace');
  expect(named({}, false)).toEqual({ email: 'ada@example.com' });
  expect(billedTo(form, false)).toBeUndefined();
});
