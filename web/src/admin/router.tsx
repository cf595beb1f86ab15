/**
 * Which address shows which page of the admin, and which permission it takes. Every page is loaded
 * when it is asked for.
 */

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';

import * as session from '../api/session';
import type { Permission } from './may';
import { RouteFailed } from './parts/ErrorState';
import { Login } from './shell/Login';
import { Missing } from './shell/Missing';
import { Opening } from './shell/Opening';
import { Shell } from './shell/Shell';

const root = createRootRouteWithContext<{ queries: QueryClient }>()();

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: Login,
  validateSearch: (search): { next?: string } =>
    typeof search.next === 'string' ? { next: search.next } : {},
});

/** Everything that takes a login. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  pendingComponent: Opening,
  beforeLoad: async ({ location }) => {
    if (await session.token()) return;
    const next = location.pathname === '/' ? {} : { next: location.href };
    throw redirect({ to: '/login', search: next });
  },
});

const dashboard = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/Dashboard'), 'Dashboard'),
});

const catalog = { staticData: { needs: 'catalog:write' } } as const;

const products = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/products',
  component: lazyRouteComponent(() => import('./pages/products/Products'), 'Products'),
});

const categories = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/categories',
  component: lazyRouteComponent(() => import('./pages/categories/Categories'), 'Categories'),
});

const inventory = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/inventory',
  component: lazyRouteComponent(() => import('./pages/inventory/Inventory'), 'Inventory'),
});

const imports = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/imports',
  component: lazyRouteComponent(() => import('./pages/imports/Imports'), 'Imports'),
});

/** Within the shell, so that only who is logged in learns which pages there are. */
const missing = createRoute({ getParentRoute: () => inside, path: '$', component: Missing });

const tree = root.addChildren([
  login,
  inside.addChildren([dashboard, products, categories, inventory, imports, missing]),
]);

export function router(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    basepath: '/admin',
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: RouteFailed,
    defaultNotFoundComponent: Missing,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof router>;
  }
  interface StaticDataRouteOption {
    /** What one must be permitted to see the page. */
    needs?: Permission;
  }
}
