/** Questions to the catalogue about products. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import type { paths } from '../api/schema';
import type { Filters } from './catalog/filters';

export type Product = Schemas['Product'];
export type Variant = Schemas['Variant'];
export type Facets = Schemas['Facets'];

/** Products on a page of a list. */
export const PAGE = 24;

type Query = NonNullable<paths['/api/v1/products']['get']['parameters']['query']>;

function some(query: Query) {
  return queryOptions({
    queryKey: ['products', query],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/products', { params: { query }, signal })),
  });
}

export const popularProducts = some({ sort: 'popular', limit: 8 });
export const newestProducts = some({ sort: 'newest', limit: 8 });

/** The one that stands for a category. */
export const exampleOf = (category: string) => some({ category, sort: 'popular', limit: 1 });

/** A page of those the filters leave, with what else could be filtered by. */
export const productList = (filters: Filters) => ({
  ...some({ ...filters, count: true, facets: true, limit: PAGE }),
  // The old ones stay until the new ones are there.
  placeholderData: keepPreviousData,
});

export const productBySlug = (slug: string) =>
  queryOptions({
    queryKey: ['product', slug],
    queryFn: () => ok(api.GET('/api/v1/products/{id}', { params: { path: { id: slug } } })),
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
