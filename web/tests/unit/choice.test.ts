import { expect, test } from '@playwright/test';

import { choose, groups, variantOf } from '../../src/store/product/choice';
import { weight } from '../../src/store/product/weight';
import type { Variant } from '../../src/store/products';

const options = [
  { name: 'Size', values: ['S', 'M', 'L'] },
  { name: 'Color', values: ['Red', 'Black'] },
];

function variant(Size: string, Color: string, available: number | null): Variant {
  return {
    id: `${Size}${Color}`,
    sku: `${Size}-${Color}`,
    title: `${Size} / ${Color}`,
    options: { Size, Color },
    price: { amount: 1000, currency: 'USD' },
    inventory_policy: available === null ? 'untracked' : 'deny',
    available,
    position: 1,
    weight_grams: 0,
    weight_unit: 'kg',
    requires_shipping: true,
    taxable: true,
  };
}

// No black S, no red L; the red M is sold out.
const redS = variant('S', 'Red', 5);
const redM = variant('M', 'Red', 0);
const blackM = variant('M', 'Black', null);
const blackL = variant('L', 'Black', 2);
const all = [redM, redS, blackM, blackL];

test('the SKU in the address is shown, even if it is sold out', () => {
  expect(variantOf(all, 'M-Red')).toBe(redM);
});

test('without a SKU the first that can be bought is shown', () => {
  expect(variantOf(all, undefined)).toBe(redS);
  expect(variantOf(all, 'gone-since')).toBe(redS);
  expect(variantOf([redM], undefined)).toBe(redM);
  expect(variantOf([], undefined)).toBeUndefined();
});

test('a value that no variant has together with those above it is impossible', () => {
  const [size, color] = groups(options, all, redS);
  expect(size?.values.map((it) => it.fate)).toEqual(['there', 'gone', 'there']);
  expect(color?.values.map((it) => it.fate)).toEqual(['there', 'none']);
  expect(color?.because).toEqual(['S']);
});

test('the first option is free: what comes after it gives way', () => {
  expect(choose(options, all, redS, 0, 'L')).toBe(blackL);
  expect(choose(options, all, blackL, 0, 'S')).toBe(redS);
});

test('what comes after it stays where it can, even if that is sold out', () => {
  expect(choose(options, all, blackL, 0, 'M')).toBe(blackM);
  expect(choose(options, all, redS, 0, 'M')).toBe(redM);
});

test('a later option never changes those before it', () => {
  expect(choose(options, all, redM, 1, 'Black')).toBe(blackM);
  expect(choose(options, all, redS, 1, 'Black')).toBeUndefined();
});

test('a weight is told in the unit of the shop', () => {
  expect(weight(1500, 'kg', 'de')).toBe('1,5 kg');
  expect(weight(210, 'kg', 'en')).toBe('210 g');
  expect(weight(454, 'lb', 'en')).toBe('1 lb');
});
