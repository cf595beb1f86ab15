import './asIfInBrowser';

import { expect, test } from '@playwright/test';

import type { Product } from '../../src/admin/catalog';
import { changedSince, ifMatch } from '../../src/admin/conflict';
import { Problem } from '../../src/api/problem';

const load = () => import('../../src/admin/pages/products/model');
const usd = (amount: number) => ({ amount, currency: 'USD' });

const variant = (id: string, Size: string, price = 1900) => ({
  id,
  sku: `TEE-${Size}`,
  title: Size,
  options: { Size },
  price: usd(price),
  inventory_policy: 'deny' as const,
  position: 0,
  weight_grams: 200,
  weight_unit: 'g',
  requires_shipping: true,
  taxable: true,
  version: 1,
});

const tee = (change: object = {}) =>
  ({
    id: 'p',
    slug: 'tee',
    title: 'Tee',
    description: '',
    vendor: 'Folio',
    product_type: '',
    tags: [],
    status: 'active',
    options: [{ name: 'Size', values: ['S', 'M'] }],
    variants: [variant('s', 'S'), variant('m', 'M')],
    images: [{ id: 'i', url: '/front.png', alt: null }],
    categories: [],
    version: 7,
    ...change,
  }) as unknown as Product;

test('a change names what differs, and of the variants those that do', async () => {
  const { differs, valuesOf, writeOf } = await load();
  const before = valuesOf(tee());
  const now = { ...before, title: 'Tee shirt', variants: before.variants.map((it) => ({ ...it })) };
  const [, m] = now.variants;
  if (m) m.price = 2100;
  expect(differs(before, { ...before })).toBe(false);
  expect(writeOf(before, now)).toEqual({
    how: 'patch',
    body: {
      title: 'Tee shirt',
      variants: [expect.objectContaining({ id: 'm', price: usd(2100) })],
    },
    rows: [1],
    removed: [],
  });
});

test('what a variant costs is sent only where it was read or typed', async () => {
  const { valuesOf, writeOf } = await load();
  const before = valuesOf(tee());
  const typed = (cost: number | null) => {
    const variants = before.variants.map((it, at) => (at === 0 ? { ...it, cost } : it));
    return writeOf(before, { ...before, variants }).body.variants;
  };
  expect(before.variants[0]).toHaveProperty('cost', undefined);
  expect(typed(800)).toEqual([expect.objectContaining({ id: 's', cost: usd(800) })]);
  expect(typed(null)).toEqual([expect.objectContaining({ id: 's', cost: null })]);
});

test('pictures are all there are, in their order', async () => {
  const { valuesOf, writeOf } = await load();
  const before = valuesOf(tee());
  expect(writeOf(before, { ...before, images: [] }).body).toEqual({
    images: [],
    replace_images: true,
  });
});

test('a variant that is switched off goes by itself; with other options all is replaced', async () => {
  const { valuesOf, writeOf } = await load();
  const { matrix, newOption } = await import('../../src/admin/pages/products/matrix');
  const before = valuesOf(tee());
  const off = before.variants.map((it) => (it.id === 's' ? { ...it, off: true } : it));
  expect(writeOf(before, { ...before, variants: off })).toEqual({
    how: 'patch',
    body: {},
    rows: [],
    removed: ['s'],
  });
  const options = [newOption('Size', ['M', 'L'])];
  const variants = (matrix(options, before.variants) ?? []).map((it) => ({ ...it, price: 1900 }));
  const write = writeOf(before, { ...before, slug: '', options, variants });
  expect(write).toMatchObject({
    how: 'replace',
    body: { slug: 'tee', title: 'Tee', options: [{ name: 'Size', values: ['M', 'L'] }] },
  });
  expect(write.body.variants?.map((it) => it.id)).toEqual(['m', undefined]);
});

test('a newer version takes the place of what was read, not of what was typed', async () => {
  const { bodyOf, rebased, valuesOf, writeOf } = await load();
  const before = valuesOf(tee());
  const mine = {
    ...before,
    vendor: 'Ours',
    variants: before.variants.map((it) => (it.id === 's' ? { ...it, price: 2500 } : it)),
  };
  const theirs = valuesOf(
    tee({
      title: 'Organic tee',
      vendor: 'Theirs',
      variants: [{ ...variant('s', 'S'), barcode: '1' }, { ...variant('m', 'M', 1500) }],
    }),
  );
  const joined = rebased(before, mine, theirs);
  expect(bodyOf(joined)).toMatchObject({
    title: 'Organic tee',
    vendor: 'Ours',
    variants: [
      { id: 's', price: usd(2500), barcode: '1' },
      { id: 'm', price: usd(1500) },
    ],
  });
  expect(writeOf(theirs, joined)).toMatchObject({
    body: { vendor: 'Ours', variants: [{ id: 's' }] },
  });
});

test('with options of one’s own, a variant that somebody has removed is a new one', async () => {
  const { rebased, valuesOf } = await load();
  const { matrix, newOption } = await import('../../src/admin/pages/products/matrix');
  const before = valuesOf(tee());
  const options = [newOption('Size', ['S', 'M', 'L'])];
  const mine = { ...before, options, variants: matrix(options, before.variants) ?? [] };
  const theirs = valuesOf(
    tee({ options: [{ name: 'Size', values: ['M'] }], variants: [variant('m', 'M', 1500)] }),
  );
  const { variants } = rebased(before, mine, theirs);
  expect(variants.map((it) => [it.id, it.options.Size, it.price])).toEqual([
    [undefined, 'S', 1900],
    ['m', 'M', 1500],
    [undefined, 'L', 1900],
  ]);
});

test('the field of an error is found by what was sent', async () => {
  const { place, valuesOf } = await load();
  const rows = valuesOf(tee()).variants;
  expect(place('variants[0].price.amount', [1], rows)).toBe('variants.1.price');
  expect(place('variants[TEE-M].barcode', [], rows)).toBe('variants.1.barcode');
  expect(place('tags[3]', [], rows)).toBe('tags');
  expect(place('images[0].alt', [], rows)).toBe('images.0.alt');
});

test('only a 412 is a conflict, and it says what it can', () => {
  const body = { status: 412, code: 'precondition_failed', version: 9, changed: ['title', 3] };
  expect(changedSince(new Problem(body))).toEqual({
    changed: ['title'],
    version: 9,
    updated_at: undefined,
  });
  expect(changedSince(new Problem({ status: 409, code: 'sku_taken' }))).toBeUndefined();
  expect(changedSince(new Error('broken'))).toBeUndefined();
  expect(ifMatch(9)).toEqual({ headers: { 'If-Match': '"9"' } });
  expect([ifMatch(undefined), ifMatch(null)]).toEqual([{}, {}]);
});
