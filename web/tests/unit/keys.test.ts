import { expect, test } from '@playwright/test';

import {
  keepOrderSecrets,
  ofHash,
  orderHeaders,
  orderSecrets,
  secretsOf,
} from '../../src/store/orders/keys';

test.beforeEach(() => {
  const kept = new Map<string, string>();
  Object.assign(globalThis, {
    localStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => void kept.set(key, text),
    },
  });
});

test('what a link carries stands after its #', () => {
  expect(ofHash('#token=abc-_1', 'token')).toBe('abc-_1');
  expect(ofHash('token=abc', 'token')).toBe('abc');
  for (const none of ['', '#', '#token=', '#other=1', '#top'])
    expect(ofHash(none, 'token')).toBeUndefined();
});

test('a link to an order carries a key, and the token in mails of old', () => {
  expect(secretsOf('#key=abc-_1')).toEqual({ key: 'abc-_1' });
  expect(secretsOf('#token=abc')).toEqual({ token: 'abc' });
  for (const none of ['', '#', '#key=', '#top']) expect(secretsOf(none)).toBeUndefined();
});

test('a key of a mail does not replace the token of who ordered, but the key before', () => {
  keepOrderSecrets('1', { token: 't' });
  keepOrderSecrets('2', { token: 'other' });
  keepOrderSecrets('1', { key: 'expired' });
  keepOrderSecrets('1', { key: 'k' });
  expect(orderHeaders('1')).toEqual({ 'X-Order-Token': 't', 'X-Order-Key': 'k' });
  expect(orderHeaders('2')).toEqual({ 'X-Order-Token': 'other' });
  expect(orderHeaders('3')).toEqual({});
});

test('what earlier versions of the shop have kept still opens its order', () => {
  localStorage.setItem('cartwright.orders', JSON.stringify([{ id: '1', token: 't' }]));
  expect(orderSecrets('1')).toEqual({ token: 't' });
});

test('the orders of long ago are forgotten first', () => {
  for (let at = 0; at < 51; at++) keepOrderSecrets(String(at), { token: 't' });
  expect(orderSecrets('0')).toEqual({});
  expect(orderSecrets('1')).toEqual({ token: 't' });
});
