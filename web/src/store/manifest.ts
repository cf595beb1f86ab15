/**
 * What the server knows of the storefront: which pages there are and what each asks the API first.
 * The build writes it to `dist/manifest.json`, and the server reads it from there.
 */

import { FIRST_SIZES, USUAL_WIDTH, WIDTHS } from '../picture';
import { filterNames } from './catalog/filters';
import { PAYING } from './paying';
import * as ask from './questions';
import type { PagePath } from './router';

/** `{slug}` is the slug in the page's path; `query` names what of the page's query goes along. */
type Question = { address: string; query?: string[] };

type Page = {
  /** What its head tells search engines of, where they may find it; a question by its address. */
  shows?: 'home' | { product: string } | { category: string };
  /** Beside that. */
  questions?: Question[];
};

/** Each page of the router and nothing else, as the compiler sees to. */
const pages: Record<PagePath, Page> = {
  '/': {
    shows: 'home',
    questions: [{ address: products(ask.popular) }, { address: products(ask.newest) }],
  },
  '/products/$slug': { shows: { product: bySlug(ask.product.path) } },
  '/categories/$slug': {
    shows: { category: bySlug(ask.category.path) },
    questions: [
      {
        address: products({ ...ask.list, category: '{slug}' }),
        // Which category it is stands in the path.
        query: filterNames.filter((it) => it !== 'category'),
      },
    ],
  },
  '/search': { questions: [{ address: products(ask.list), query: filterNames }] },
  '/cart': {},
  '/checkout': {},
  '/orders/$id': {},
  '/find-order': {},
  '/login': {},
  '/register': {},
  '/forgot-password': {},
  '/reset-password': {},
  '/verify-email': {},
  '/undo-email-change': {},
  '/unsubscribe': {},
  '/account': {},
  '/account/profile': {},
  '/account/addresses': {},
  '/account/payment-methods': {},
  '/account/security': {},
  '/account/messages': {},
};

export const manifest = {
  /** What every page asks, and what is shown where there is none. */
  categories: address(ask.categories.path, ask.categories.query),
  pages: Object.entries(pages).map(([path, page]) => ({
    path: path.replace(/\$(\w+)/g, '{$1}'),
    ...page,
    ...(PAYING.some((it) => it === path) ? { pays: true } : {}),
  })),
  pictures: { widths: WIDTHS, usual: USUAL_WIDTH, sizes: FIRST_SIZES },
};

function products(query: ask.ProductsQuery): string {
  return address(ask.products.path, query);
}

function bySlug(path: string): string {
  return path.replace('{id}', '{slug}');
}

function address(path: string, query: object): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return `${path}?${pairs.join('&')}`;
}
