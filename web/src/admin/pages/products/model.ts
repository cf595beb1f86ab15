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
    cost: variant.cost?.amount,
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

type Body = Schemas['NewProduct'];
type NewVariant = NonNullable<Body['variants']>[number];

/** What is sent to the shop. */
export function bodyOf(values: Values): Body {
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
    variants: offered(values.variants).map(({ row }) => variantOf(row)),
  };
}

function variantOf(row: Row): NewVariant {
  return {
    ...(row.id ? { id: row.id } : {}),
    ...(row.sku.trim() ? { sku: row.sku.trim() } : {}),
    options: row.options,
    price: { amount: row.price ?? 0, currency: shop.currency },
    compare_at_price: money(row.compare_at_price),
    ...(row.cost === undefined ? {} : { cost: money(row.cost) }),
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
  };
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** How a change is sent, and which rows of the form its variants are. */
export type Write =
  | { how: 'patch'; body: Schemas['ProductPatch']; rows: number[]; removed: string[] }
  | { how: 'replace'; body: Body; rows: number[] };

/**
 * Only what differs, so that nobody's work on other parts is undone. Where the options are others,
 * the product is replaced as a whole: options and variants make no sense without each other.
 */
export function writeOf(before: Values, now: Values): Write {
  const [old, next] = [bodyOf(before), bodyOf(now)];
  const rows = offered(now.variants);
  const kept = new Set(rows.map(({ row }) => row.id));
  const removed = offered(before.variants).flatMap(({ row }) =>
    row.id && !kept.has(row.id) ? [row.id] : [],
  );
  if (!same(old.options, next.options)) {
    const slug = next.slug ?? old.slug;
    return {
      how: 'replace',
      body: { ...next, ...(slug ? { slug } : {}) },
      rows: rows.map(({ at }) => at),
    };
  }
  const { variants: _, ...fields } = next;
  const body: Partial<Body> & { replace_images?: true } = Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => !same(value, old[key as keyof Body])),
  );
  const known = new Map((old.variants ?? []).map((it) => [it.id, it]));
  const sent = rows.filter(({ row }) => !row.id || !same(variantOf(row), known.get(row.id)));
  if (sent.length > 0) body.variants = sent.map(({ row }) => variantOf(row));
  // The form has all pictures, in their order.
  if (body.images) body.replace_images = true;
  return {
    how: 'patch',
    // The description takes fields with a default for such as are always there.
    body: body as Schemas['ProductPatch'],
    rows: sent.map(({ at }) => at),
    removed,
  };
}

/** Whether anything would be sent. */
export function differs(before: Values, now: Values): boolean {
  return !same(bodyOf(before), bodyOf(now));
}

/**
 * The form for what is stored by now, with what was typed since it was read: of each field what was
 * typed, else what is stored.
 */
export function rebased(base: Values, mine: Values, theirs: Values): Values {
  const plain = (it: unknown) =>
    JSON.stringify(it, (key, value) => (key === 'key' ? undefined : value));
  const pick = <T extends object>(base: T | undefined, mine: T, theirs: T): T =>
    Object.fromEntries(
      Object.keys(theirs).map((name) => {
        const key = name as keyof T;
        const typed = base ? plain(mine[key]) !== plain(base[key]) : true;
        return [key, typed ? mine[key] : theirs[key]];
      }),
    ) as T;
  const like = (among: Row[], row: Row) =>
    among.find((it) => it.id !== undefined && it.id === row.id) ??
    among.find((it) => same(it.options, row.options));
  const values = pick(base, mine, theirs);
  if (plain(mine.options) === plain(base.options)) {
    values.variants = theirs.variants.map((row) => {
      const typed = like(mine.variants, row);
      const before = like(base.variants, row);
      if (!typed || !before) return row;
      return { ...pick(before, typed, row), id: row.id, options: row.options };
    });
  } else {
    values.variants = mine.variants.map((row) => {
      if (!row.id) return row;
      const stored = theirs.variants.find((it) => it.id === row.id);
      // Somebody has removed it; whoever saves it makes a new one.
      if (!stored) return { ...row, id: undefined, on_hand: row.on_hand ?? 0, expected: null };
      return { ...pick(like(base.variants, row), row, stored), options: row.options };
    });
  }
  return values;
}

/**
 * Where in the form a field is that the shop names `variants[2].price` or, by its SKU,
 * `variants[TEE-S].price`; `sent` are the rows it got.
 */
export function place(field: string, sent: number[], rows: Row[] = []): string {
  if (/^tags\[/.test(field)) return 'tags';
  const [, name, rest = ''] = /^variants\[(.+)\](.*)$/.exec(field) ?? [];
  if (name !== undefined) {
    const bySku = rows.findIndex((it) => it.sku === name);
    const at = /^\d+$/.test(name) ? (sent[Number(name)] ?? bySku) : bySku;
    return `variants.${at}${rest.replace(/\.(amount|currency)$/, '')}`;
  }
  return field.replace(/\[(\d+)\]/g, '.$1').replace(/\.(amount|currency)$/, '');
}
