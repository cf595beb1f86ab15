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
  sort?: string;
  page?: number;
};

/** Takes from an address what is a filter, and leaves what makes no sense. */
export function readFilters(search: Record<string, unknown>): Filters {
  const found: Filters = {};
  const text = (name: 'search' | 'category' | 'vendor' | 'sort') => {
    const value = first(search[name]);
    if (value) found[name] = value;
  };
  const whole = (name: 'min_price' | 'max_price' | 'min_rating' | 'page', least: number) => {
    const value = Number(first(search[name]) ?? Number.NaN);
    if (Number.isSafeInteger(value) && value >= least) found[name] = value;
  };
  text('search');
  text('category');
  whole('min_price', 0);
  whole('max_price', 0);
  const options = list(search.option).filter((it) => /^[^:]+:./.test(it));
  if (options.length > 0) found.option = [...new Set(options)];
  whole('min_rating', 1);
  if (String(first(search.in_stock)) === 'true') found.in_stock = true;
  text('vendor');
  text('sort');
  whole('page', 2);
  return found;
}

function list(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((it) => it !== undefined).map(String);
}

function first(value: unknown): string | undefined {
  return list(value)[0]?.trim();
}
