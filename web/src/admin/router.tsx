/** Which address shows which page of the admin. Every page is loaded when it is asked for. */

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';

import { Shell } from './shell/Shell';

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Shell });

const dashboard = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/Dashboard'), 'Dashboard'),
});

const tree = root.addChildren([dashboard]);

export function router(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    basepath: '/admin',
    defaultPreload: 'intent',
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof router>;
  }
}
