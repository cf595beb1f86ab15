/** Questions to the catalogue about products. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import type { Filters } from './catalog/filters';
import * as ask from './questions';

export type Product = Schemas['Product'];
export type Variant = Schemas['Variant'];
export type Facets = Schemas['Facets'];

function some(query: ask.ProductsQuery) {
  return queryOptions({
    queryKey: ['products', query],
    queryFn: ({ signal }) => ok(api.GET(ask.products.path, { params: { query }, signal })),
  });
}

export const popularProducts = some(ask.popular);
export const newestProducts = some(ask.newest);

/** The one that stands for a category. */
export const exampleOf = (category: string) => some({ category, sort: 'popular', limit: 1 });

/** A page of those the filters leave, with what else could be filtered by. */
export const productList = (filters: Filters) => ({
  ...some({ ...filters, ...ask.list }),
  // The old ones stay until the new ones are there.
  placeholderData: keepPreviousData,
});

export const productBySlug = (slug: string) =>
  queryOptions({
    queryKey: ['product', slug],
    queryFn: () => ok(api.GET(ask.product.path, { params: { path: { id: slug } } })),
  });

export const relatedProducts = (id: string) =>
  queryOptions({
    queryKey: ['related', id],
    queryFn: () =>
      ok(
        api.GET('/api/v1/products/{id}/related', {
          params: { path: { id }, query: { limit: 8 } },
        }),
      ),
  });
