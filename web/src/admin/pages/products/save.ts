/** Sends what was changed of a product, for the version it was changed of. */

import { api, ok } from '../../../api/client';
import type { Product } from '../../catalog';
import { ifMatch } from '../../conflict';
import { type Values, writeOf } from './model';

/** The changes are saved, but some of the variants that were to go are still there. */
export class SavedInPart extends Error {
  constructor(
    readonly product: Product,
    cause: unknown,
  ) {
    super('some variants could not be removed', { cause });
    this.name = 'SavedInPart';
  }
}

export async function saveChanges(
  product: Product,
  before: Values,
  values: Values,
): Promise<Product> {
  const params = { path: { id: product.id } };
  const seen = ifMatch(product.version);
  const write = writeOf(before, values);
  if (write.how === 'replace') {
    return await ok(api.PUT('/api/v1/products/{id}', { params, body: write.body, ...seen }));
  }
  const { body, removed } = write;
  let now = product;
  if (Object.keys(body).length > 0) {
    now = await ok(api.PATCH('/api/v1/products/{id}', { params, body, ...seen }));
  }
  if (removed.length === 0) return now;
  const read = () => ok(api.GET('/api/v1/products/{id}', { params }));
  try {
    for (const id of removed) {
      const version = now.variants.find((it) => it.id === id)?.version;
      await ok(
        api.DELETE('/api/v1/variants/{id}', { params: { path: { id } }, ...ifMatch(version) }),
      );
    }
  } catch (error) {
    throw new SavedInPart(await read(), error);
  }
  return await read();
}
