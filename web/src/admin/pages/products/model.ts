/** A product as the editor has it, and what of it is sent to the shop. */

import type { Schemas } from '../../../api/client';
import { shop } from '../../../shop';
import type { Product, ProductStatus, Variant } from '../../catalog';
import { blank, matrix, newOption, type Option, offered, type Row, usable } from './matrix';

export type Picture = { url: string; alt: string };

export type Values = {
  title: string;
  slug: string;
  description: string;
  vendor: string;
  product_type: string;
  tags: string[];
  status: ProductStatus;
  category_ids: string[];
  seo_title: string;
  seo_description: string;
  images: Picture[];
  options: Option[];
  variants: Row[];
};

export const nothing: Values = {
  title: '',
  slug: '',
  description: '',
  vendor: '',
  product_type: '',
  tags: [],
  status: 'draft',
  category_ids: [],
  seo_title: '',
  seo_description: '',
  images: [],
  options: [],
  variants: [{ ...blank, on_hand: 0 }],
};

export function valuesOf(product: Product): Values {
  const options = product.options.map((it) => newOption(it.name, it.values));
  const rows = product.variants.map(rowOf);
  return {
    title: product.title,
    slug: product.slug,
    description: product.description,
    vendor: product.vendor,
    product_type: product.product_type,
    tags: product.tags,
    status: product.status,
    category_ids: product.categories.map((it) => it.id),
    seo_title: product.seo_title ?? '',
    seo_description: product.seo_description ?? '',
    images: product.images.map(({ url, alt }) => ({ url, alt: alt ?? '' })),
    options,
    // What could be combined but is not for sale is there to be switched on.
    variants: (matrix(options, rows) ?? rows).map((it) => (it.id ? it : { ...it, off: true })),
  };
}

function rowOf(variant: Variant): Row {
  return {
    id: variant.id,
    options: variant.options,
    off: false,
    sku: variant.sku,
    price: variant.price.amount,
    compare_at_price: variant.compare_at_price?.amount ?? null,
    barcode: variant.barcode ?? '',
    weight_grams: variant.weight_grams,
    inventory_policy: variant.inventory_policy,
    on_hand: null,
    expected: null,
    image: variant.image ?? null,
    requires_shipping: variant.requires_shipping,
    taxable: variant.taxable,
    tax_code: variant.tax_code ?? null,
    weight_unit: variant.weight_unit,
  };
}

const money = (amount: number | null) =>
  amount === null ? null : { amount, currency: shop.currency };

/** What is sent to the shop. */
export function bodyOf(values: Values): Schemas['NewProduct'] {
  return {
    title: values.title,
    ...(values.slug.trim() ? { slug: values.slug.trim() } : {}),
    description: values.description,
    vendor: values.vendor,
    product_type: values.product_type,
    tags: values.tags,
    status: values.status,
    category_ids: values.category_ids,
    seo_title: values.seo_title.trim() || null,
    seo_description: values.seo_description.trim() || null,
    images: values.images.map(({ url, alt }) => ({ url, alt: alt.trim() || null })),
    options: usable(values.options).map(({ name, values }) => ({ name: name.trim(), values })),
    variants: offered(values.variants).map(({ row }) => ({
      ...(row.id ? { id: row.id } : {}),
      ...(row.sku.trim() ? { sku: row.sku.trim() } : {}),
      options: row.options,
      price: { amount: row.price ?? 0, currency: shop.currency },
      compare_at_price: money(row.compare_at_price),
      barcode: row.barcode.trim() || null,
      weight_grams: row.weight_grams,
      weight_unit: row.weight_unit,
      requires_shipping: row.requires_shipping,
      taxable: row.taxable,
      tax_code: row.tax_code,
      image: row.image,
      inventory_policy: row.inventory_policy,
      ...(row.on_hand === null ? {} : { on_hand: row.on_hand }),
      ...(row.on_hand === null || row.expected === null ? {} : { expected: row.expected }),
    })),
  };
}

/** Only what differs, so that nobody's work on other parts is undone. */
export function changes(before: Values, now: Values): Schemas['ProductPatch'] {
  const [old, next] = [bodyOf(before), bodyOf(now)];
  const differs = Object.entries(next).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(old[key as keyof typeof old]),
  );
  const patch = Object.fromEntries(differs) as Partial<typeof next>;
  // Options and variants mean nothing without each other.
  if (patch.options || patch.variants) {
    patch.options = next.options;
    patch.variants = next.variants;
  }
  // The description takes fields with a default for such as are always there.
  return patch as Schemas['ProductPatch'];
}

/** Where in the form a field is that the shop names `variants[2].price`. */
export function place(field: string, rows: Row[]): string {
  if (/^tags\[/.test(field)) return 'tags';
  const path = field.replace(/\[(\d+)\]/g, '.$1').replace(/\.(amount|currency)$/, '');
  return path.replace(
    /^variants\.(\d+)/,
    (_, n) => `variants.${offered(rows)[Number(n)]?.at ?? n}`,
  );
}
