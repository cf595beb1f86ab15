import { readFileSync } from 'node:fs';

import { expect, test } from '@playwright/test';

import { picture } from '../../src/picture';
import { readFilters } from '../../src/store/catalog/filters';
import { manifest } from '../../src/store/manifest';

/** What a page asks first, its paths filled in, by the manifest alone. */
function asked(path: string, slug = ''): string[] {
  const page = manifest.pages.find((it) => it.path === path);
  if (!page) throw new Error(`there is no page ${path}`);
  const about = typeof page.shows === 'object' ? Object.values(page.shows) : [];
  const others = (page.questions ?? []).map((it) => it.address);
  return [manifest.categories, ...about, ...others].map((it) => it.replace('{slug}', slug));
}

/** A browser that has been sent answers with its page, and asks for nothing. */
function browser(answers: Record<string, unknown>) {
  const text = JSON.stringify(answers);
  Object.assign(globalThis, {
    location: { origin: 'http://shop.example' },
    document: { getElementById: (id: string) => id === 'answers' && { textContent: text } },
    addEventListener: () => {},
    fetch: (request: Request) => Promise.reject(new Error(`asks for ${request.url}`)),
  });
}

test('what the storefront asks first is what the manifest says', async () => {
  const [, product = ''] = asked('/products/{slug}', 'cup');
  const [, category = '', list = ''] = asked('/categories/{slug}', 'tea');
  const [tree = '', popular = '', newest = ''] = asked('/');
  const [, found = ''] = asked('/search');
  const addresses = { tree, popular, newest, product, category, list, found };
  browser(Object.fromEntries(Object.entries(addresses).map(([name, it]) => [it, { name }])));

  const categories = await import('../../src/store/categories');
  const products = await import('../../src/store/products');
  const { queryClient } = await import('../../src/queries');
  const queries = queryClient();
  queries.setDefaultOptions({ queries: { retry: false } });
  const answers = {
    tree: await queries.fetchQuery({ ...categories.categoryTree }),
    popular: await queries.fetchQuery(products.popularProducts),
    newest: await queries.fetchQuery(products.newestProducts),
    product: await queries.fetchQuery(products.productBySlug('cup')),
    category: await queries.fetchQuery(categories.categoryBySlug('tea')),
    list: await queries.fetchQuery(products.productList({ category: 'tea' })),
    found: await queries.fetchQuery(products.productList({})),
  };
  for (const [name, answer] of Object.entries(answers)) expect(answer).toEqual({ name });
});

test('what a list is narrowed by goes along, all of it', () => {
  const address = {
    search: 'cup',
    category: 'tea',
    min_price: '1',
    max_price: '2',
    option: 'Size:M',
    min_rating: '4',
    in_stock: 'true',
    vendor: 'Folio',
    sort: 'price',
    page: '2',
    utm_source: 'mail',
  };
  const names = (path: string) =>
    manifest.pages.find((it) => it.path === path)?.questions?.flatMap((it) => it.query ?? []);
  expect(names('/search')?.sort()).toEqual(Object.keys(readFilters(address)).sort());
  const { category: _, ...rest } = address;
  expect(names('/categories/{slug}')?.sort()).toEqual(Object.keys(readFilters(rest)).sort());
});

test('the server is told on which pages customers pay', () => {
  const paying = manifest.pages.filter((it) => it.pays).map((it) => it.path);
  expect(paying).toEqual(['/checkout', '/orders/{id}']);
});

test('pictures are fetched in advance in the sizes in which they are shown', () => {
  const { widths, usual, sizes } = manifest.pictures;
  expect(picture('/api/v1/media/1', sizes)).toEqual({
    src: `/api/v1/media/1?width=${usual}`,
    srcSet: widths.map((it) => `/api/v1/media/1?width=${it} ${it}w`).join(', '),
    sizes,
  });
});

test('the shop keeps its pictures in the widths that are asked for', () => {
  const file = new URL('../../../services/catalog/src/pictures/redraw.rs', import.meta.url);
  const source = readFileSync(file, 'utf8');
  const numbers = (pattern: RegExp) =>
    (pattern.exec(source)?.[1] ?? '').split(',').map((it) => Number(it.replaceAll('_', '')));
  const smaller = numbers(/const WIDTHS: \[u32; \d+\] = \[(.*)\];/);
  const [largest] = numbers(/const LARGEST: \(u32, u32\) = \((.*)\);/);
  expect(manifest.pictures.widths).toEqual(
    [...smaller, largest].sort((a, b) => Number(a) - Number(b)),
  );
});
