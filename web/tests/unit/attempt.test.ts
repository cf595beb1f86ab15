import { expect, test } from '@playwright/test';

import { Problem, Unreachable } from '../../src/api/problem';
import { isStale, pause, slot, verdict } from '../../src/store/checkout/attempt';

/** A storage as a browser has it. */
function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key),
  } as Storage;
}

const guest = { user: null, cart: 'token' };

test('an attempt is found again with the same key and body', () => {
  const kept = storage();
  const begun = slot('checkout', kept).begin({ ...guest, body: { note: 'ä' } });
  expect(slot('checkout', kept).find()).toEqual(begun);
});

test('a second attempt is the first one as long as that is under way', () => {
  const checkouts = slot('checkout', storage());
  const first = checkouts.begin({ ...guest, body: 1 });
  expect(checkouts.begin({ ...guest, body: 2 })).toEqual(first);
  checkouts.end(first.key);
  expect(checkouts.begin({ ...guest, body: 2 }).key).not.toBe(first.key);
});

test('an attempt that has taken the place of another stays', () => {
  const checkouts = slot('checkout', storage());
  const second = checkouts.begin({ ...guest, body: 1 });
  checkouts.end('the key of the first');
  expect(checkouts.find()).toEqual(second);
});

test('attempts for different things do not meet', () => {
  const kept = storage();
  slot('payment.1', kept).begin({ ...guest, body: 1 });
  expect(slot('payment.2', kept).find()).toBeNull();
});

test('whatever may have had an effect is asked for again', () => {
  const problem = (status: number, code = 'any') => new Problem({ status, code });
  expect(verdict(new Unreachable('timeout'))).toBe('again');
  expect(verdict(new TypeError('failed to fetch'))).toBe('again');
  for (const status of [408, 425, 429, 500, 502, 503, 504])
    expect(verdict(problem(status))).toBe('again');
  for (const code of ['order_changed', 'order_undecided'])
    expect(verdict(problem(409, code))).toBe('again');
  expect(verdict(problem(401))).toBe('login');
  for (const status of [400, 402, 403, 404, 409, 422])
    expect(verdict(problem(status))).toBe('over');
});

test('it is asked less often as time passes, but never less than twice a minute', () => {
  expect([0, 1, 2, 3, 9, 40].map(pause)).toEqual([1_000, 2_000, 4_000, 8_000, 30_000, 30_000]);
});

test('an old attempt is not repeated unasked', () => {
  const attempt = { ...guest, key: 'k', body: null, since: 1_000_000 };
  expect(isStale(attempt, 1_000_000 + 14 * 60_000)).toBe(false);
  expect(isStale(attempt, 1_000_000 + 16 * 60_000)).toBe(true);
});
