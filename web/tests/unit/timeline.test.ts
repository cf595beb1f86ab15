import { expect, test } from '@playwright/test';

import { ahead, attemptsLeft, events, stage } from '../../src/store/orders/timeline';

const change = (to: string, payment_status: string, reason: string | null = null) => ({
  to,
  payment_status,
  fulfillment_status: 'unfulfilled',
  reason,
  at: '2026-11-20T12:00:00Z',
});

const names = (history: ReturnType<typeof change>[]) => events(history).map((it) => it.what);

test('an order that went well tells four things', () => {
  const history = [
    change('pending', 'pending'),
    change('pending', 'authorized'),
    change('confirmed', 'paid'),
    change('shipped', 'paid'),
    change('delivered', 'paid'),
  ];
  expect(names(history)).toEqual(['placed', 'paid', 'shipped', 'delivered']);
});

test('a declined payment, a second one and the approval of the bank are told', () => {
  const history = [
    change('pending', 'pending'),
    change('pending', 'failed'),
    change('pending', 'pending'),
    change('pending', 'requires_action'),
    change('pending', 'authorized'),
    change('confirmed', 'paid'),
  ];
  expect(names(history)).toEqual(['placed', 'declined', 'confirm', 'paid']);
  expect(attemptsLeft(history)).toBe(3);
});

test('every declined payment is one try less', () => {
  const declined = [change('pending', 'failed'), change('pending', 'pending')];
  expect(attemptsLeft([change('pending', 'pending')])).toBe(4);
  expect(attemptsLeft([...declined, ...declined, ...declined, ...declined])).toBe(0);
});

test('a try for which the goods were gone is told and does not count', () => {
  const history = [
    change('pending', 'pending'),
    change('pending', 'failed'),
    change('pending', 'pending'),
    change('pending', 'failed', 'out_of_stock'),
    change('pending', 'pending'),
    change('confirmed', 'paid'),
  ];
  expect(names(history)).toEqual(['placed', 'declined', 'gone', 'paid']);
  expect(attemptsLeft(history)).toBe(3);
});

test('a partial refund leaves the order where it is', () => {
  const history = [
    change('pending', 'pending'),
    change('confirmed', 'paid'),
    change('confirmed', 'partially_refunded'),
  ];
  expect(names(history)).toEqual(['placed', 'paid', 'partlyRefunded']);
});

test('each refund is told with its amount, and the parcel goes on', () => {
  const usd = (amount: number) => ({ amount, currency: 'USD' });
  const history = [
    change('pending', 'pending'),
    change('confirmed', 'paid'),
    { ...change('confirmed', 'partially_refunded', 'damaged'), amount: usd(100) },
    { ...change('confirmed', 'partially_refunded', 'goodwill'), amount: usd(50) },
    { ...change('confirmed', 'refunded', 'other'), amount: usd(850) },
    change('shipped', 'refunded'),
  ];
  const told = ['placed', 'paid', 'partlyRefunded', 'partlyRefunded', 'refunded', 'shipped'];
  expect(names(history)).toEqual(told);
  expect(events(history)[3]).toMatchObject({ reason: 'goodwill', amount: usd(50) });
});

test('a cancelled order says why', () => {
  const history = [change('pending', 'pending'), change('cancelled', 'voided', 'customer_request')];
  expect(events(history).at(-1)).toMatchObject({ what: 'cancelled', reason: 'customer_request' });
});

test('what is still to come ends with the order', () => {
  expect(ahead('pending')).toEqual(['paid', 'shipped', 'delivered']);
  expect(ahead('shipped')).toEqual(['delivered']);
  expect(ahead('delivered')).toEqual([]);
  expect(ahead('cancelled')).toEqual([]);
});

test('whose turn it is follows from the two states', () => {
  expect(stage({ status: 'pending', payment_status: 'pending' })).toBe('working');
  expect(stage({ status: 'pending', payment_status: 'requires_action' })).toBe('confirm');
  expect(stage({ status: 'pending', payment_status: 'failed' })).toBe('pay');
  expect(stage({ status: 'cancelled', payment_status: 'failed' })).toBe('settled');
});
