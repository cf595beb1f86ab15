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

/** How each filter is read from what stands under its name. */
const readers: { [Name in keyof Filters]-?: (value: unknown) => Filters[Name] } = {
  search: text,
  category: text,
  min_price: whole(0, Number.MAX_SAFE_INTEGER),
  max_price: whole(0, Number.MAX_SAFE_INTEGER),
  option: (value) => {
    const options = list(value).filter((it) => /^[^:]+:./.test(it));
    return options.length > 0 ? [...new Set(options)] : undefined;
  },
  min_rating: whole(1, 5),
  in_stock: (value) => first(value) === 'true' || undefined,
  vendor: text,
  sort: (value) => sorts.find((it) => it === first(value)),
  page: whole(2, 1000),
};

export const filterNames = Object.keys(readers) as (keyof Filters)[];

/** Takes from an address what is a filter, and leaves what makes no sense. */
export function readFilters(search: Record<string, unknown>): Filters {
  const found = filterNames.map((name) => [name, readers[name](search[name])] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
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

function text(value: unknown): string | undefined {
  return first(value)?.slice(0, 200) || undefined;
}

function whole(min: number, max: number) {
  return (value: unknown) => {
    const number = Number(first(value) || Number.NaN);
    return Number.isSafeInteger(number) && number >= min && number <= max ? number : undefined;
  };
}

function list(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value])
    .filter((it) => it !== undefined && it !== null)
    .map(String);
}

function first(value: unknown): string | undefined {
  return list(value)[0]?.trim();
}
