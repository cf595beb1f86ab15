/** What the search finds, asked of each service on its own: a slow one holds up none of the others. */

import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';

import { api, ok } from '../../api/client';
import { PRODUCT_STATUSES, type Product } from '../catalog';
import { type Permission, useMay } from '../may';

/** Of each kind; the lists have the rest. */
export const LIMIT = 5;

/** One letter finds too much, but one sign may be a whole word. */
const enough = (text: string) => [...text].length > 1 || /\P{ASCII}/u.test(text);

function useKind<T>(
  kind: string,
  needs: Permission,
  text: string,
  ask: (search: string, signal: AbortSignal) => Promise<T[]>,
) {
  const may = useMay();
  return useQuery({
    queryKey: ['search', kind, text],
    enabled: enough(text) && may(needs),
    // What was found before stays in its place until the next answer; which ends its request.
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => ask(text, signal),
  });
}

export function useFound(text: string) {
  const on = enough(text);
  const products = useKind('products', 'catalog:write', text, findProducts);
  const skus = useKind('skus', 'catalog:write', text, async (search, signal) => {
    const query = { search, limit: LIMIT };
    return (await ok(api.GET('/api/v1/inventory', { params: { query }, signal }))).items;
  });
  const orders = useKind('orders', 'orders:read', text, async (search, signal) => {
    const query = { search, all: true, limit: LIMIT };
    return (await ok(api.GET('/api/v1/orders', { params: { query }, signal }))).items;
  });
  const people = useKind('people', 'users:read', text, async (search, signal) => {
    const query = { search, limit: LIMIT };
    return (await ok(api.GET('/api/v1/users', { params: { query }, signal }))).items;
  });
  const all = [products, skus, orders, people];
  const rows = <T>(query: UseQueryResult<T[]>) => (on && query.data) || [];
  return {
    products: rows(products),
    skus: rows(skus),
    orders: rows(orders),
    people: rows(people),
    waiting: on && all.some((it) => it.isFetching),
    failed: on && all.some((it) => it.isError),
  };
}

/** Drafts and archived ones too, after those that are sold. */
async function findProducts(search: string, signal: AbortSignal): Promise<Product[]> {
  const pages = await Promise.all(
    PRODUCT_STATUSES.map((status) =>
      ok(
        api.GET('/api/v1/products', {
          params: { query: { search, status, limit: LIMIT } },
          signal,
        }),
      ),
    ),
  );
  // Those that have all of the words come before those that have some.
  const whole = pages.filter((it) => !it.partial);
  const found = whole.some((it) => it.items.length > 0) ? whole : pages;
  return found.flatMap((it) => it.items).slice(0, LIMIT);
}
