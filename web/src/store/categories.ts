/** Questions about the categories. */

import { queryOptions, useQuery } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import * as ask from './questions';

export type Category = Schemas['Category'];

/** All of them, each with those below it; they change seldom. */
export const categoryTree = queryOptions({
  queryKey: ['categories'],
  queryFn: () => ok(api.GET(ask.categories.path, { params: { query: ask.categories.query } })),
  select: (page) => page.items,
  staleTime: 10 * 60_000,
});

export const categoryBySlug = (slug: string) =>
  queryOptions({
    queryKey: ['category', slug],
    queryFn: () => ok(api.GET(ask.category.path, { params: { path: { id: slug } } })),
  });

/** The top level, once it is there. */
export function useCategories(): Category[] | undefined {
  return useQuery(categoryTree).data;
}

/** Those directly below one, once they are there. */
export function useCategoriesBelow(id: string): Category[] {
  return find(useCategories() ?? [], id)?.children ?? [];
}

function find(among: Category[], id: string): Category | undefined {
  for (const it of among) {
    const found = it.id === id ? it : find(it.children ?? [], id);
    if (found) return found;
  }
  return undefined;
}

/** The way from the top to one, itself included, once it is there. */
export function useCategoryPath(id: string | undefined): Category['path'] | undefined {
  return find(useCategories() ?? [], id ?? '')?.path;
}
