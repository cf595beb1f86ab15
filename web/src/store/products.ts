/** Questions to the catalogue. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';

export type Product = Schemas['Product'];
export type Variant = Schemas['Variant'];

export const newestProducts = queryOptions({
  queryKey: ['products', 'newest'],
  queryFn: () =>
    ok(api.GET('/api/v1/products', { params: { query: { sort: 'newest', limit: 8 } } })),
});

export const productBySlug = (slug: string) =>
  queryOptions({
    queryKey: ['product', slug],
    queryFn: () => ok(api.GET('/api/v1/products/{id}', { params: { path: { id: slug } } })),
  });
