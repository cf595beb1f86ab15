/** Questions to the catalogue, as staff asks them. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import { isProblem } from '../api/problem';

export type Product = Schemas['Product'];
export type Variant = Schemas['Variant'];
export type Category = Schemas['Category'];
export type Inventory = Schemas['Inventory'];
/** A stock in a list, with what it is of. */
export type Listed = Inventory & { product_title?: string; variant_title?: string };
export type Import = Schemas['Import'];
export type ImportPreview = Schemas['ImportPreview'];
export type Remark = Schemas['ImportRowProblem'];
export type ProductStatus = Schemas['ProductStatus'];

/** What the shop calls a product's only variant. */
export const ONLY = 'Default Title';

export const PRODUCT_STATUSES = ['active', 'draft', 'archived'] as const;

export const productById = (id: string) =>
  queryOptions({
    queryKey: ['products', 'one', id],
    queryFn: () => ok(api.GET('/api/v1/products/{id}', { params: { path: { id } } })),
  });

/** All categories, each with those below it. */
export const categoryTree = queryOptions({
  queryKey: ['categories', 'tree'],
  queryFn: async () =>
    (await ok(api.GET('/api/v1/categories', { params: { query: { tree: true } } }))).items,
});

/** What there is of each of a product's SKUs. */
export const stockOf = (product: Product | undefined) =>
  queryOptions({
    queryKey: ['inventory', 'of', product?.id],
    enabled: product !== undefined,
    queryFn: () => stockOfProduct(product?.id ?? ''),
  });

async function stockOfProduct(product_id: string): Promise<Inventory[]> {
  const all: Inventory[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { product_id, limit: 100, ...(cursor ? { cursor } : {}) };
    const page = await ok(api.GET('/api/v1/inventory', { params: { query } }));
    all.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

/** How a stock is written: by how much, or how many where there are still as many as were seen. */
export type StockWrite = { adjust: number } | { on_hand: number; expected: number };

export function writeStock(sku: string, body: StockWrite) {
  const params = { path: { sku } };
  return ok(api.PUT('/api/v1/inventory/{sku}', { params, body }));
}

/** How many there are, where a write went by another figure. */
export function changedTo(error: unknown): number | undefined {
  return isProblem(error, 'stock_changed') ? Number(error.body.on_hand) : undefined;
}

/** Categories in the order of the tree, with how deep each is. */
export function flat(tree: Category[], depth = 0): { category: Category; depth: number }[] {
  return tree.flatMap((category) => [
    { category, depth },
    ...flat(category.children ?? [], depth + 1),
  ]);
}
