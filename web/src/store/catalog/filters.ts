/**
 * What of the catalogue is shown, as it stands in the address: under the names the API has, so that
 * a page's address and its request are alike.
 */

export const sorts = ['popular', 'newest', 'price', '-price', 'rating', 'title'] as const;
export type Sort = (typeof sorts)[number];

export type Filters = {
  search?: string;
  /** On the search page; a category's page has it in its path. */
  category?: string;
  /** In minor units. */
  min_price?: number;
  max_price?: number;
  /** `Name:Value` each: values of one name are alternatives. */
  option?: string[];
  min_rating?: number;
  in_stock?: true;
  vendor?: string;
  sort?: Sort;
  page?: number;
};

/** Takes from an address what is a filter, and leaves what makes no sense. */
export function readFilters(search: Record<string, unknown>): Filters {
  const found: Filters = {};
  const text = (name: 'search' | 'category' | 'vendor') => {
    const value = first(search[name]);
    if (value) found[name] = value.slice(0, 200);
  };
  const whole = (
    name: 'min_price' | 'max_price' | 'min_rating' | 'page',
    min: number,
    max: number,
  ) => {
    const value = Number(first(search[name]) || Number.NaN);
    if (Number.isSafeInteger(value) && value >= min && value <= max) found[name] = value;
  };
  text('search');
  text('category');
  whole('min_price', 0, Number.MAX_SAFE_INTEGER);
  whole('max_price', 0, Number.MAX_SAFE_INTEGER);
  const options = list(search.option).filter((it) => /^[^:]+:./.test(it));
  if (options.length > 0) found.option = [...new Set(options)];
  whole('min_rating', 1, 5);
  if (first(search.in_stock) === 'true') found.in_stock = true;
  text('vendor');
  const sort = first(search.sort);
  found.sort = sorts.find((it) => it === sort);
  whole('page', 2, 1000);
  return found;
}

/** With some filters changed. Whatever it leaves is another list, which begins at its first page. */
export function change(filters: Filters, changed: Filters): Filters {
  return { ...filters, page: undefined, ...changed };
}

export function hasOption(filters: Filters, name: string, value: string): boolean {
  return filters.option?.includes(`${name}:${value}`) ?? false;
}

/** With a value of an option chosen, or no longer chosen. */
export function toggleOption(filters: Filters, name: string, value: string): Filters {
  const key = `${name}:${value}`;
  const before = filters.option ?? [];
  const option = before.includes(key) ? before.filter((it) => it !== key) : [...before, key];
  return change(filters, { option: option.length > 0 ? option : undefined });
}

/** One thing that narrows the list, and the filters without it. */
export type Active = {
  key: string;
  kind: 'category' | 'price' | 'option' | 'rating' | 'stock' | 'vendor';
  value: string;
  without: Filters;
};

/** What narrows the list, in the order of the facets. */
export function active(filters: Filters): Active[] {
  const found: Active[] = [];
  const add = (kind: Active['kind'], value: string, changed: Filters) =>
    found.push({ key: `${kind} ${value}`, kind, value, without: change(filters, changed) });
  if (filters.category) add('category', filters.category, { category: undefined });
  if (filters.min_price !== undefined || filters.max_price !== undefined)
    add('price', '', { min_price: undefined, max_price: undefined });
  for (const key of filters.option ?? []) {
    const [name = '', ...rest] = key.split(':');
    const value = rest.join(':');
    found.push({
      key,
      kind: 'option',
      value: `${name}: ${value}`,
      without: toggleOption(filters, name, value),
    });
  }
  if (filters.min_rating) add('rating', String(filters.min_rating), { min_rating: undefined });
  if (filters.vendor) add('vendor', filters.vendor, { vendor: undefined });
  if (filters.in_stock) add('stock', '', { in_stock: undefined });
  return found;
}

/** The same words and order, nothing else. */
export function unfiltered({ search, sort }: Filters): Filters {
  return { search, sort };
}

function list(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value])
    .filter((it) => it !== undefined && it !== null)
    .map(String);
}

function first(value: unknown): string | undefined {
  return list(value)[0]?.trim();
}
