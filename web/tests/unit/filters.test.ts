import { expect, test } from '@playwright/test';

import { parseSearch, stringifySearch } from '../../src/store/addressSearch';
import {
  active,
  change,
  readFilters,
  toggleOption,
  unfiltered,
} from '../../src/store/catalog/filters';
import { inOrder } from '../../src/store/catalog/order';
import { pagesAround } from '../../src/store/catalog/pages';

test('filters stand in the address as the API names them', () => {
  const filters = readFilters({
    search: 'shirt',
    option: ['Color:Red', 'Size:M'],
    in_stock: 'true',
  });
  expect(stringifySearch(filters)).toBe(
    '?search=shirt&option=Color:Red&option=Size:M&in_stock=true',
  );
});

test('an address gives back the filters it was made from', () => {
  const filters = readFilters({
    search: 'tea & "biscuits" + 50%',
    category: 'kitchen',
    min_price: '1000',
    max_price: '2500',
    option: 'Size:M/L, tall',
    min_rating: '4',
    vendor: 'Greenhouse Nº 9',
    sort: '-price',
    page: '3',
  });
  expect(readFilters(parseSearch(stringifySearch(filters)))).toEqual(filters);
});

test('one option and several are both lists', () => {
  expect(readFilters(parseSearch('?option=Size:M')).option).toEqual(['Size:M']);
  expect(readFilters(parseSearch('?option=Size:M&option=Size:L')).option).toEqual([
    'Size:M',
    'Size:L',
  ]);
});

test('what makes no sense in an address is left out', () => {
  const nonsense =
    '?min_price=-1&max_price=x&min_rating=9&sort=loud&page=1&option=Red&in_stock=no&vendor=%20';
  const found = Object.entries(readFilters(parseSearch(nonsense)));
  expect(found.filter(([, value]) => value !== undefined)).toEqual([]);
});

test('a changed filter leads back to the first page', () => {
  expect(change({ page: 4, sort: 'price' }, { vendor: 'Folio' })).toEqual({
    page: undefined,
    sort: 'price',
    vendor: 'Folio',
  });
});

test('an option is chosen and no longer chosen', () => {
  const once = toggleOption({}, 'Size', 'M');
  expect(once.option).toEqual(['Size:M']);
  expect(toggleOption(once, 'Size', 'L').option).toEqual(['Size:M', 'Size:L']);
  expect(toggleOption(once, 'Size', 'M').option).toBeUndefined();
});

test('each active filter knows the list without it', () => {
  const filters = {
    search: 'mug',
    option: ['Glaze:Blue: dark'],
    min_price: 100,
    in_stock: true,
  } as const;
  const found = active({ ...filters, option: [...filters.option] });
  expect(found.map((it) => [it.kind, it.value])).toEqual([
    ['price', ''],
    ['option', 'Glaze: Blue: dark'],
    ['stock', ''],
  ]);
  expect(found[1]?.without.option).toBeUndefined();
  expect(found[1]?.without.min_price).toBe(100);
  expect(unfiltered({ ...filters, option: [...filters.option], sort: 'price' })).toEqual({
    search: 'mug',
    sort: 'price',
  });
});

test('the first, the last and the nearest pages are offered', () => {
  expect(pagesAround(1, 1)).toEqual([1]);
  expect(pagesAround(1, 9)).toEqual([1, 2, null, 9]);
  expect(pagesAround(5, 9)).toEqual([1, null, 4, 5, 6, null, 9]);
  expect(pagesAround(3, 5)).toEqual([1, 2, 3, 4, 5]);
});

test('values come in the order people expect', () => {
  const order = (...values: string[]) =>
    inOrder(
      values.map((value) => ({ value })),
      'de',
    ).map((it) => it.value);
  expect(order('L', 'XL', 'S', 'M')).toEqual(['S', 'M', 'L', 'XL']);
  expect(order('1000 ml', '250 ml', '50 ml')).toEqual(['50 ml', '250 ml', '1000 ml']);
  expect(order('Schwarz', 'Öl', 'Navy')).toEqual(['Navy', 'Öl', 'Schwarz']);
});
