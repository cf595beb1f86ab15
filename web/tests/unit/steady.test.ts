import { expect, test } from '@playwright/test';

import { steady } from '../../src/store/catalog/steady';
import type { Facets } from '../../src/store/products';

const facets = (change: Partial<Facets>): Facets => ({
  categories: [],
  options: [],
  vendors: [],
  ratings: [],
  in_stock: 0,
  price: null,
  ...change,
});
const counts = (...all: [string, number][]) => all.map(([value, count]) => ({ value, count }));

test('groups and values keep their places, with none left if need be', () => {
  const all = facets({
    options: [
      { name: 'Size', values: counts(['S', 3], ['M', 5]) },
      { name: 'Color', values: counts(['Red', 4]) },
    ],
    vendors: counts(['Folio', 5], ['Alder', 3]),
  });
  const narrowed = facets({
    options: [
      { name: 'Material', values: counts(['Wool', 1]) },
      { name: 'Size', values: counts(['M', 2], ['L', 1]) },
    ],
    vendors: counts(['Alder', 2]),
    in_stock: 1,
  });
  expect(steady(all, narrowed)).toEqual(
    facets({
      options: [
        { name: 'Size', values: counts(['S', 0], ['M', 2], ['L', 1]) },
        { name: 'Color', values: counts(['Red', 0]) },
        { name: 'Material', values: counts(['Wool', 1]) },
      ],
      vendors: counts(['Folio', 0], ['Alder', 2]),
      in_stock: 1,
    }),
  );
});

test('what is taken back has its numbers again', () => {
  const all = facets({ vendors: counts(['Folio', 5], ['Alder', 3]) });
  const narrowed = steady(all, facets({ vendors: counts(['Alder', 2]) }));
  expect(steady(narrowed, all)).toEqual(all);
});
