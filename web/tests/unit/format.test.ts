import { expect, test } from '@playwright/test';

import { formats, major, minor } from '../../src/format';

test('amounts are counted as ISO 4217 has them, also where a browser writes fewer digits', () => {
  for (const [currency, amount] of [
    ['USD', 1999],
    ['HUF', 1999],
    ['JPY', 20],
    ['IQD', 19990],
    ['CLF', 199900],
  ] as const) {
    const value = { amount, currency };
    expect(minor(major(value), currency)).toBe(amount);
    expect(major(value)).toBe(currency === 'JPY' ? 20 : 19.99);
  }
  expect(formats('en').money({ amount: 1999, currency: 'HUF' })).toContain('19.99');
});
