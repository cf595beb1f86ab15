import './asIfInBrowser';

import { expect, test } from '@playwright/test';

import type { Product, Variant } from '../../src/admin/catalog';

const load = () => import('../../src/admin/bulk');
const edits = () => import('../../src/admin/pages/products/bulkEdit');
const table = () => import('../../src/admin/pages/products/grid');
const usd = (amount: number) => ({ amount, currency: 'USD' });

test('amounts are set, raised and lowered to the cent', async () => {
  const { changedAmount } = await load();
  expect(changedAmount(1999, { how: 'percent', percent: 10 })).toBe(2199);
  expect(changedAmount(1999, { how: 'percent', percent: -12.5 })).toBe(1749);
  expect(changedAmount(1005, { how: 'percent', percent: 10 })).toBe(1106);
  expect(changedAmount(1999, { how: 'add', amount: -2000 })).toBe(-1);
  expect(changedAmount(null, { how: 'set', amount: 500 })).toBe(500);
  expect(changedAmount(1999, { how: 'clear' })).toBeNull();
  // There is nothing of which it would be a tenth.
  expect(changedAmount(null, { how: 'percent', percent: 10 })).toBeNull();
});

test('many items go in parts, and each has its own outcome', async () => {
  const { AT_ONCE, inChunks } = await load();
  const items = Array.from({ length: AT_ONCE * 2 + 1 }, (_, at) => at);
  const sizes: number[] = [];
  const told: number[] = [];
  const result = await inChunks(
    items,
    async (chunk) => {
      sizes.push(chunk.length);
      return chunk.map((it) =>
        it % AT_ONCE === 3
          ? { ok: false, problem: { status: 404, code: 'product_not_found' } }
          : { ok: true },
      );
    },
    { progress: ({ done }) => told.push(done) },
  );
  expect(sizes).toEqual([AT_ONCE, AT_ONCE, 1]);
  expect(told).toEqual([0, AT_ONCE, AT_ONCE * 2]);
  expect(result.failed.map((it) => it.item)).toEqual([3, AT_ONCE + 3]);
  expect(result.failed[0]?.error).toMatchObject({ code: 'product_not_found' });
  expect(result.done).toHaveLength(items.length - 2);
  expect(result.left).toEqual([]);
});

test('after a request that failed as a whole the rest is left, and what was done stays so', async () => {
  const { AT_ONCE, inChunks } = await load();
  const items = Array.from({ length: AT_ONCE * 3 }, (_, at) => at);
  const result = await inChunks(items, async (chunk) => {
    if (chunk[0] === AT_ONCE) throw new Error('the connection broke');
    return chunk.map(() => ({ ok: true }));
  });
  expect(result.done).toHaveLength(AT_ONCE);
  expect(result.failed).toHaveLength(AT_ONCE);
  expect(result.left).toEqual(items.slice(AT_ONCE * 2));
});

test('what is stopped leaves what was not sent', async () => {
  const { AT_ONCE, inChunks } = await load();
  const control = new AbortController();
  const items = Array.from({ length: AT_ONCE + 1 }, (_, at) => at);
  const result = await inChunks(
    items,
    async (chunk) => {
      control.abort();
      return chunk.map(() => ({ ok: true }));
    },
    { signal: control.signal },
  );
  expect([result.done.length, result.left]).toEqual([AT_ONCE, [AT_ONCE]]);
});

const variant = (id: string, price: number, more: Partial<Variant> = {}) =>
  ({ id, sku: id.toUpperCase(), title: id, price: usd(price), version: 4, ...more }) as Variant;
const product = (id: string, variants: Variant[]) =>
  ({ id, title: `Product ${id}`, variants }) as Product;

test('an edit names what it changes and nothing else', async () => {
  const { steps } = await edits();
  const goods = [product('1', [variant('a', 1000)]), product('2', [variant('b', 2000)])];
  const { products, variants } = steps(goods, {
    tags: { how: 'add', values: ['sale'] },
    categories: { how: 'remove', values: ['c'] },
    vendor: '',
  });
  expect(variants).toBeUndefined();
  expect(products?.items.map((it) => it.change)).toEqual([
    { id: '1', add_tags: ['sale'], remove_categories: ['c'], vendor: '' },
    { id: '2', add_tags: ['sale'], remove_categories: ['c'], vendor: '' },
  ]);
  expect(steps(goods, { tags: { how: 'set', values: [] } }).products?.items[0]?.change).toEqual({
    id: '1',
    tags: [],
  });
});

test('a relative price goes by the version that was seen, and below zero nothing is sent', async () => {
  const { steps } = await edits();
  const goods = [product('1', [variant('a', 1000), variant('b', 300)])];
  const lower = steps(goods, { price: { how: 'add', amount: -500 } });
  expect(lower.products).toBeUndefined();
  expect(lower.variants?.items.map((it) => it.change)).toEqual([
    { id: 'a', price: usd(500), if_version: 4 },
  ]);
  expect(lower.variants?.impossible.map((it) => it.name)).toEqual(['Product 1 · b (B)']);
  // Set to what it is already: there is nothing to do.
  const set = steps(goods, { price: { how: 'set', amount: 300 } });
  expect(set.variants?.items.map((it) => it.change)).toEqual([{ id: 'a', price: usd(300) }]);
});

test('compare-at prices and costs can be taken away', async () => {
  const { steps } = await edits();
  const goods = [
    product('1', [variant('a', 1000, { compare_at_price: usd(1500) }), variant('b', 1000)]),
  ];
  const edit = { compare_at_price: { how: 'clear' }, cost: { how: 'clear' } } as const;
  expect(steps(goods, edit).variants?.items.map((it) => it.change)).toEqual([
    { id: 'a', compare_at_price: null, cost: null },
    // What it costs was not read, so that it is taken away all the same.
    { id: 'b', cost: null },
  ]);
});

test('cells are typed into, taken back and sent as they mean', async () => {
  const { changeOf, shown, type, valid } = await table();
  const it = variant('a', 1990, { barcode: '4006381333931', cost: usd(800) });
  expect([shown(it, 'price', 'de'), shown(it, 'price', 'en'), shown(it, 'barcode', 'en')]).toEqual([
    '19,90',
    '19.90',
    '4006381333931',
  ]);
  const once = type(undefined, it, 'price', '24,5', 'de');
  const twice = type(once, it, 'cost', '', 'de');
  expect(twice && changeOf('a', twice)).toEqual({
    id: 'a',
    price: usd(2450),
    cost: null,
    if_version: 4,
  });
  expect(type(once, it, 'price', '19,90', 'de'), 'as it was').toBeUndefined();
  expect([
    valid('price', ''),
    valid('price', '-1'),
    valid('price', '1e400'),
    valid('price', 'a lot'),
    valid('price', '0'),
    valid('cost', ''),
  ]).toEqual([false, false, false, false, true, true]);
});

test('cells of a spreadsheet are pasted as they were copied', async () => {
  const { pasted } = await table();
  expect(pasted('19.90\t29.90\r\n\t12\r\n')).toEqual([
    ['19.90', '29.90'],
    ['', '12'],
  ]);
  expect(pasted('1')).toEqual([['1']]);
});
