import { expect, test } from '@playwright/test';

import type { Refund } from '../../src/admin/orders';
import { amountOf, amountOfAll, unitsLeft, wanted } from '../../src/admin/refundLines';

const usd = (amount: number) => ({ amount, currency: 'USD' });
const lamp = { sku: 'LAMP', quantity: 3, charged: usd(1000) };
const mug = { sku: 'MUG', quantity: 1, charged: usd(999) };

const refund = (quantity: number, amount: number, status: Refund['status'] = 'succeeded') =>
  ({ status, lines: [{ sku: 'LAMP', quantity, amount: usd(amount), restock: false }] }) as Refund;

test('all units of a line come to exactly what was paid for it', () => {
  expect(amountOf(lamp, 2, [])).toBe(666);
  expect(amountOf(lamp, 1, [refund(2, 666)])).toBe(334);
  expect(amountOf(lamp, 3, [])).toBe(1000);
  expect(amountOf(lamp, 0, [])).toBe(0);
});

test('a refund under way counts, one that failed does not', () => {
  expect(unitsLeft(lamp, [refund(1, 333, 'pending'), refund(2, 667, 'failed')])).toBe(2);
});

test('chosen lines add up and are sent without those of which none was chosen', () => {
  const chosen = {
    LAMP: { quantity: 2, restock: true },
    MUG: { quantity: 0, restock: false },
  };
  expect(amountOfAll([lamp, mug], chosen, [])).toBe(666);
  expect(wanted(chosen)).toEqual([{ sku: 'LAMP', quantity: 2, restock: true }]);
});
