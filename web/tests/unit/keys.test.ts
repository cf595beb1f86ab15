import { expect, test } from '@playwright/test';

import { keyOf } from '../../src/store/orders/keys';

test('the key of a link is what stands after its #', () => {
  expect(keyOf('#token=abc-_1')).toBe('abc-_1');
  expect(keyOf('token=abc')).toBe('abc');
  for (const none of ['', '#', '#token=', '#other=1', '#top']) expect(keyOf(none)).toBeUndefined();
});
