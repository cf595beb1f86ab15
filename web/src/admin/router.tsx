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
import { PRODUCT_STATUSES } from './catalog';
import type { Permission } from './may';
import {
  CHANNELS,
  MESSAGE_STATUSES,
  type MessageSearch,
  PROVIDERS,
  type SuppressionSearch,
} from './messages';
import { ORDER_PAYMENT_STATUSES, ORDER_STATUSES, type OrderSearch } from './orders';
import type { InventorySearch } from './pages/inventory/Inventory';
import type { ProductsSearch } from './pages/products/Products';
import { RouteFailed } from './parts/ErrorState';
import { RANGES, type Range } from './reports';
import { REVIEW_STATUSES, type ReviewStatus } from './reviews';
import { day, oneOf, text } from './search';
import { Login } from './shell/Login';
import { Missing } from './shell/Missing';
import { Opening } from './shell/Opening';
import { Shell } from './shell/Shell';
import { TEMPLATE_LANGUAGES, type TemplateSearch } from './templates';
import { ROLES, type UserSearch } from './users';

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
  component: lazyRouteComponent(() => import('./pages/dashboard/Dashboard'), 'Dashboard'),
  validateSearch: (search): { days?: Range | undefined } => ({
    days: RANGES.find((it) => it === search.days),
  }),
});

const catalog = { staticData: { needs: 'catalog:write' } } as const;

const products = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/products',
  component: lazyRouteComponent(() => import('./pages/products/Products'), 'Products'),
  validateSearch: (search): ProductsSearch => ({
    status: oneOf(PRODUCT_STATUSES, search.status),
    search: text(search.search),
    category: text(search.category),
    stock: oneOf(['in', 'out'], search.stock),
    sort: text(search.sort),
  }),
});

const newProduct = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/products/new',
  component: lazyRouteComponent(() => import('./pages/products/Editor'), 'NewProduct'),
});

const product = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/products/$id',
  component: lazyRouteComponent(() => import('./pages/products/Editor'), 'EditProduct'),
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
  validateSearch: (search): InventorySearch => ({
    search: text(search.search),
    low: Number.isInteger(search.low) && Number(search.low) >= 0 ? Number(search.low) : undefined,
  }),
});

const imports = createRoute({
  ...catalog,
  getParentRoute: () => inside,
  path: '/import',
  component: lazyRouteComponent(() => import('./pages/imports/Imports'), 'Imports'),
  validateSearch: (search): { id?: string | undefined } => ({ id: text(search.id) }),
});

/** Within the shell, so that only who is logged in learns which pages there are. */
const missing = createRoute({ getParentRoute: () => inside, path: '$', component: Missing });

const orders = createRoute({
  staticData: { needs: 'orders:read' },
  getParentRoute: () => inside,
  path: '/orders',
  validateSearch: ({ q, status, payment, from, to }): OrderSearch => ({
    q: text(q),
    status: oneOf(ORDER_STATUSES, status),
    payment: oneOf(ORDER_PAYMENT_STATUSES, payment),
    from: day(from),
    to: day(to),
  }),
  component: lazyRouteComponent(() => import('./pages/orders/Orders'), 'Orders'),
});

const order = createRoute({
  staticData: { needs: 'orders:read' },
  getParentRoute: () => inside,
  path: '/orders/$id',
  component: lazyRouteComponent(() => import('./pages/orders/OrderPage'), 'OrderPage'),
});

const customers = createRoute({
  staticData: { needs: 'users:read' },
  getParentRoute: () => inside,
  path: '/customers',
  validateSearch: ({ q, role, active }): UserSearch => ({
    q: text(q),
    role: oneOf(ROLES, role),
    active: typeof active === 'boolean' ? active : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/customers/Customers'), 'Customers'),
});

const customer = createRoute({
  staticData: { needs: 'users:read' },
  getParentRoute: () => inside,
  path: '/customers/$id',
  component: lazyRouteComponent(() => import('./pages/customers/CustomerPage'), 'CustomerPage'),
});

const reviews = createRoute({
  staticData: { needs: 'reviews:moderate' },
  getParentRoute: () => inside,
  path: '/reviews',
  validateSearch: ({ status }): { status?: ReviewStatus | 'all' | undefined } => ({
    status: oneOf([...REVIEW_STATUSES, 'all'], status),
  }),
  component: lazyRouteComponent(() => import('./pages/reviews/Reviews'), 'Reviews'),
});

const messages = createRoute({
  staticData: { needs: 'notifications:read' },
  getParentRoute: () => inside,
  path: '/messages',
  validateSearch: ({ q, status, channel, provider, template }): MessageSearch => ({
    q: text(q),
    status: oneOf(MESSAGE_STATUSES, status),
    channel: oneOf(CHANNELS, channel),
    provider: oneOf(PROVIDERS, provider),
    template: text(template),
  }),
  component: lazyRouteComponent(() => import('./pages/messages/Messages'), 'Messages'),
});

const message = createRoute({
  staticData: { needs: 'notifications:read' },
  getParentRoute: () => inside,
  path: '/messages/$id',
  component: lazyRouteComponent(() => import('./pages/messages/MessagePage'), 'MessagePage'),
});

const suppressions = createRoute({
  staticData: { needs: 'notifications:read' },
  getParentRoute: () => inside,
  path: '/suppressions',
  validateSearch: ({ q }): SuppressionSearch => ({ q: text(q) }),
  component: lazyRouteComponent(() => import('./pages/messages/Suppressions'), 'Suppressions'),
});

const languageOf = ({ language }: Record<string, unknown>): TemplateSearch => ({
  language: oneOf(TEMPLATE_LANGUAGES, language),
});

const templates = createRoute({
  staticData: { needs: 'notifications:read' },
  getParentRoute: () => inside,
  path: '/templates',
  validateSearch: languageOf,
  component: lazyRouteComponent(() => import('./pages/messages/Templates'), 'Templates'),
});

const template = createRoute({
  staticData: { needs: 'notifications:read' },
  getParentRoute: () => inside,
  path: '/templates/$key',
  validateSearch: languageOf,
  component: lazyRouteComponent(() => import('./pages/messages/TemplatePage'), 'TemplatePage'),
});

const system = createRoute({
  staticData: { needs: 'system:read' },
  getParentRoute: () => inside,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/system/System'), 'System'),
});

const tree = root.addChildren([
  login,
  inside.addChildren([
    dashboard,
    products,
    newProduct,
    product,
    categories,
    inventory,
    imports,
    orders,
    order,
    customers,
    customer,
    reviews,
    messages,
    message,
    suppressions,
    templates,
    template,
    system,
    missing,
  ]),
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
