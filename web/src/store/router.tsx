/** Which address shows which page. Pages but the first ones people see are loaded when asked for. */

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';

import { parseSearch, stringifySearch } from './addressSearch';
import { readFilters } from './catalog/filters';
import { Home } from './pages/Home';
import { Failed } from './parts/Failed';
import { Missing } from './parts/Missing';
import { Shell } from './shell/Shell';

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Shell });

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

const product = createRoute({
  getParentRoute: () => root,
  path: '/products/$slug',
  component: lazyRouteComponent(() => import('./pages/ProductPage'), 'ProductPage'),
});

const category = createRoute({
  getParentRoute: () => root,
  path: '/categories/$slug',
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import('./pages/CategoryPage'), 'CategoryPage'),
});

const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import('./pages/SearchPage'), 'SearchPage'),
});

const tree = root.addChildren([home, category, search, product]);

export function router(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: Failed,
    defaultNotFoundComponent: Missing,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof router>;
  }
}
