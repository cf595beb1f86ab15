import { expect, test } from '@playwright/test';

import {
  blank,
  counted,
  MAX_VARIANTS,
  matrix,
  newOption,
  offered,
  type Row,
  renamed,
} from '../../src/admin/pages/products/matrix';

const size = newOption('Size', ['S', 'M']);
const row = (id: string, options: Record<string, string>): Row => ({
  ...blank,
  id,
  price: 1900,
  options,
});

test('an only variant becomes the first of its first option', () => {
  const rows = matrix([size], [row('only', {})]);
  expect(rows?.map((it) => [it.id, it.options.Size])).toEqual([
    ['only', 'S'],
    [undefined, 'M'],
  ]);
  expect(rows?.[1]?.price).toBe(1900);
});

test('variants keep their identity when a value or an option is added', () => {
  const rows = [row('s', { Size: 'S' }), row('m', { Size: 'M' })];
  const wider = matrix([{ ...size, values: ['XS', 'S', 'M'] }], rows);
  expect(wider?.map((it) => it.id)).toEqual([undefined, 's', 'm']);
  const both = matrix([size, newOption('Colour', ['Red', 'Blue'])], rows);
  expect(both?.map((it) => [it.id, it.options.Size, it.options.Colour])).toEqual([
    ['s', 'S', 'Red'],
    [undefined, 'S', 'Blue'],
    ['m', 'M', 'Red'],
    [undefined, 'M', 'Blue'],
  ]);
});

test('a value or an option that goes takes only its own variants along', () => {
  const rows = [
    row('sr', { Size: 'S', Colour: 'Red' }),
    row('sb', { Size: 'S', Colour: 'Blue' }),
    row('mr', { Size: 'M', Colour: 'Red' }),
  ];
  expect(matrix([size], rows)?.map((it) => it.id)).toEqual(['sr', 'mr']);
  const small = { ...size, values: ['M'] };
  expect(matrix([small, newOption('Colour', ['Red'])], rows)?.map((it) => it.id)).toEqual(['mr']);
});

test('an option without values changes nothing, and a name being typed keeps the variants', () => {
  const rows = [row('s', { Size: 'S' }), row('m', { Size: 'M' })];
  expect(matrix([size, newOption('Colour')], rows)?.map((it) => it.id)).toEqual(['s', 'm']);
  const erased = renamed(rows, 'Size', '');
  expect(matrix([{ ...size, name: '' }], erased)?.map((it) => it.id)).toEqual(['s', 'm']);
  const named = renamed(erased, '', 'Fit');
  expect(matrix([{ ...size, name: 'Fit' }], named)?.map((it) => it.id)).toEqual(['s', 'm']);
});

test('more combinations than a product may have are none', () => {
  const many = newOption(
    'Length',
    Array.from({ length: MAX_VARIANTS }, (_, at) => `${at}`),
  );
  expect(matrix([many], [])).toHaveLength(MAX_VARIANTS);
  expect(matrix([many, size], [])).toBeNull();
});

test('what is switched off is not offered, and the others are known by their place', () => {
  const rows = [{ ...row('s', {}), off: true }, row('m', {})];
  expect(offered(rows).map(({ row, at }) => [row.id, at])).toEqual([['m', 1]]);
});

test('a figure of stock goes by the one that was seen when it was typed', () => {
  const saved = row('s', { Size: 'S' });
  const typed = { ...saved, ...counted(saved, 11, 10) };
  expect([typed.on_hand, typed.expected]).toEqual([11, 10]);
  // Two were shipped while it is still being typed: they are not forgotten.
  expect(counted(typed, 12, 8)).toEqual({ on_hand: 12, expected: 10 });
  // The same as before is no change, and a variant that is new goes by nothing.
  expect(counted(typed, 10, 8)).toEqual({ on_hand: null, expected: null });
  expect(counted(typed, null, 8)).toEqual({ on_hand: null, expected: null });
  expect(counted({ ...blank }, 5, undefined)).toEqual({ on_hand: 5, expected: null });
});
