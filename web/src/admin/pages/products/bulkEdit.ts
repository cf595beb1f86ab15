/** What is changed of many products at once, as requests. Nothing here talks to the shop. */

import { shop } from '../../../shop';
import {
  type AmountChange,
  changedAmount,
  changeProducts,
  changeVariants,
  type ProductChange,
  type VariantChange,
} from '../../bulk';
import { ONLY, type Product, type ProductStatus, type Variant } from '../../catalog';

/** How a list, such as that of tags, is changed. */
export type ListChange = { how: 'add' | 'remove' | 'set'; values: string[] };

/** What is left out stays as it is. */
export type Edit = {
  delete?: true;
  status?: ProductStatus;
  tags?: ListChange;
  categories?: ListChange;
  vendor?: string;
  product_type?: string;
  price?: AmountChange;
  compare_at_price?: AmountChange;
  cost?: AmountChange;
};

type Item<T> = { product: Product; name: string; change: T };
/** One kind of request, with what it is sent for. */
export type Step<T> = {
  items: Item<T>[];
  /** Those whose amount would be less than nothing. */
  impossible: { product: Product; name: string }[];
  send: (changes: T[]) => ReturnType<typeof changeProducts>;
};

/** The requests an edit takes: about the products themselves, and about their variants. */
export function steps(
  products: Product[],
  edit: Edit,
): { products?: Step<ProductChange>; variants?: Step<VariantChange> } {
  const own = ofProduct(edit);
  const amounts = edit.price || edit.compare_at_price || edit.cost;
  return {
    ...(Object.keys(own).length > 0 && {
      products: {
        items: products.map((product) => ({
          product,
          name: product.title,
          change: { id: product.id, ...own },
        })),
        impossible: [],
        send: changeProducts,
      },
    }),
    ...(amounts && { variants: ofVariants(products, edit) }),
  };
}

function ofProduct(edit: Edit): Omit<ProductChange, 'id'> {
  const { tags, categories } = edit;
  return {
    ...(edit.delete && { delete: true }),
    ...(edit.status && { status: edit.status }),
    ...(tags && { [tags.how === 'set' ? 'tags' : (`${tags.how}_tags` as const)]: tags.values }),
    ...(categories && {
      [categories.how === 'set' ? 'categories' : (`${categories.how}_categories` as const)]:
        categories.values,
    }),
    ...(edit.vendor !== undefined && { vendor: edit.vendor }),
    ...(edit.product_type !== undefined && { product_type: edit.product_type }),
  };
}

const AMOUNTS = ['price', 'compare_at_price', 'cost'] as const;

function ofVariants(products: Product[], edit: Edit): Step<VariantChange> {
  const items: Item<VariantChange>[] = [];
  const impossible: Step<VariantChange>['impossible'] = [];
  for (const product of products) {
    for (const variant of product.variants) {
      const named = { product, name: nameOf(product, variant) };
      const change: VariantChange = { id: variant.id };
      let changes = false;
      let negative = false;
      for (const field of AMOUNTS) {
        const how = edit[field];
        if (!how) continue;
        const before = variant[field]?.amount ?? null;
        const after = changedAmount(before, how);
        // The cost may not have been read: what is set is written all the same.
        const known = field !== 'cost' || variant.cost !== undefined;
        if (known && after === before) continue;
        if (after !== null && after < 0) negative = true;
        const money = after === null ? null : { amount: after, currency: shop.currency };
        if (field !== 'price') change[field] = money;
        else if (money) change.price = money;
        else continue;
        changes = true;
        // Once more would be once too much, and what somebody else has just set is not raised.
        if (how.how === 'add' || how.how === 'percent') {
          if (typeof variant.version === 'number') change.if_version = variant.version;
        }
      }
      if (negative) impossible.push(named);
      else if (changes) items.push({ ...named, change });
    }
  }
  return { items, impossible, send: changeVariants };
}

/** An only variant has no name of its own. */
export function nameOf(product: Pick<Product, 'title'>, variant: Variant): string {
  const title = variant.title === ONLY ? product.title : `${product.title} · ${variant.title}`;
  return `${title} (${variant.sku})`;
}
