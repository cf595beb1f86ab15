/**
 * What pages ask the API first, as data: the queries are made of it, and so is the manifest by which
 * the server asks in advance.
 */

import type { paths } from '../api/schema';

export type ProductsQuery = NonNullable<paths['/api/v1/products']['get']['parameters']['query']>;

/** All categories; every page has them in its navigation. */
export const categories = { path: '/api/v1/categories', query: { tree: true } } as const;

/** One by its slug. */
export const category = { path: '/api/v1/categories/{id}' } as const;
export const product = { path: '/api/v1/products/{id}' } as const;

export const products = { path: '/api/v1/products' } as const;
export const popular = { sort: 'popular', limit: 8 } as const satisfies ProductsQuery;
export const newest = { sort: 'newest', limit: 8 } as const satisfies ProductsQuery;
/** A page of a list with what it could be filtered by, beside the filters themselves. */
export const list = { count: true, facets: true, limit: 24 } as const satisfies ProductsQuery;
