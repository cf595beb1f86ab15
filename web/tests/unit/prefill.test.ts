import { expect, test } from '@playwright/test';

import { forgetPrefill, keepPrefill, prefill } from '../../src/store/account/prefill';

test('who has ordered as a guest finds the register form filled, until they have registered', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key),
  } as Storage;
  expect(prefill(storage)).toEqual({ name: '', email: '' });
  keepPrefill({ name: 'Grace', email: 'grace@example.com' }, storage);
  expect(prefill(storage)).toEqual({ name: 'Grace', email: 'grace@example.com' });
  forgetPrefill(storage);
  expect(prefill(storage)).toEqual({ name: '', email: '' });
});
