/** Which address shows which page. Pages but the first ones people see are loaded when asked for. */

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';

import { parseSearch, stringifySearch } from './addressSearch';
import { readFilters } from './catalog/filters';
import { categoryBySlug, categoryTree } from './categories';
import { keepOrderSecrets, secretsOf } from './orders/keys';
import { Home } from './pages/Home';
import { Failed } from './parts/Failed';
import { Missing } from './parts/Missing';
import { ListSkeleton, ProductSkeleton } from './parts/PageSkeleton';
import { loadAcross } from './paying';
import { productBySlug, productList } from './products';
import { Shell } from './shell/Shell';

type Search = Record<string, unknown>;
/** Where to go on after a login. */
type Next = { next?: string };
/** What the links of mails carry. */
type Token = { token?: string };

/** What a bank's page sends a customer back with; the rest of it is nobody's here. */
const returnOf = ({ payment, payment_intent: intent }: Search): { payment?: string } => {
  const told = payment ?? intent;
  return told === undefined ? {} : { payment: String(told) };
};
const nextOf = ({ next }: Search): Next => (typeof next === 'string' ? { next } : {});
const tokenOf = ({ token }: Search): Token => (token === undefined ? {} : { token: String(token) });

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Shell });

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });

const product = createRoute({
  getParentRoute: () => root,
  path: '/products/$slug',
  validateSearch: ({ sku }): { sku?: string } => (typeof sku === 'string' ? { sku } : {}),
  loader: async ({ context: { queries }, params: { slug }, cause }) => {
    // The shop counts who looks at a product; whoever only points at it does not.
    if (cause === 'preload') return;
    // The way to its category is above all else: what came later would move the page.
    const tree = queries.ensureQueryData(categoryTree).catch(() => undefined);
    await queries.ensureQueryData(productBySlug(slug));
    await tree;
  },
  component: lazyRouteComponent(() => import('./pages/ProductPage'), 'ProductPage'),
  pendingComponent: ProductSkeleton,
});

const category = createRoute({
  getParentRoute: () => root,
  path: '/categories/$slug',
  // Which category it is stands in the path.
  validateSearch: ({ category: _, ...search }: Search) => readFilters(search),
  loaderDeps: ({ search }) => search,
  loader: async ({ context: { queries }, params: { slug }, deps }) => {
    void queries.prefetchQuery(productList({ ...deps, category: slug }));
    const tree = queries.ensureQueryData(categoryTree).catch(() => undefined);
    await queries.ensureQueryData(categoryBySlug(slug));
    await tree;
  },
  component: lazyRouteComponent(() => import('./pages/CategoryPage'), 'CategoryPage'),
  pendingComponent: ListSkeleton,
});

const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: readFilters,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queries.prefetchQuery(productList(deps)),
  component: lazyRouteComponent(() => import('./pages/SearchPage'), 'SearchPage'),
  pendingComponent: ListSkeleton,
});

const cart = createRoute({
  getParentRoute: () => root,
  path: '/cart',
  component: lazyRouteComponent(() => import('./pages/CartPage'), 'CartPage'),
});

const checkout = createRoute({
  getParentRoute: () => root,
  path: '/checkout',
  component: lazyRouteComponent(() => import('./pages/CheckoutPage'), 'CheckoutPage'),
});

const order = createRoute({
  getParentRoute: () => root,
  path: '/orders/$id',
  validateSearch: returnOf,
  // The link of a guest's mail: its key is kept, and goes from the address.
  beforeLoad: ({ params: { id }, location }) => {
    const secrets = secretsOf(location.hash);
    if (!secrets) return;
    keepOrderSecrets(id, secrets);
    throw redirect({ to: '/orders/$id', params: { id }, replace: true });
  },
  component: lazyRouteComponent(() => import('./pages/OrderPage'), 'OrderPage'),
});

const findOrder = createRoute({
  getParentRoute: () => root,
  path: '/find-order',
  validateSearch: ({ number }: Search): { number?: string } =>
    number === undefined ? {} : { number: String(number) },
  component: lazyRouteComponent(() => import('./pages/FindOrderPage'), 'FindOrderPage'),
});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: nextOf,
  component: lazyRouteComponent(() => import('./pages/LoginPage'), 'LoginPage'),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  validateSearch: nextOf,
  component: lazyRouteComponent(() => import('./pages/RegisterPage'), 'RegisterPage'),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./pages/ForgotPasswordPage'), 'ForgotPasswordPage'),
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  validateSearch: tokenOf,
  component: lazyRouteComponent(() => import('./pages/ResetPasswordPage'), 'ResetPasswordPage'),
});

const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: '/verify-email',
  validateSearch: tokenOf,
  component: lazyRouteComponent(() => import('./pages/VerifyEmailPage'), 'VerifyEmailPage'),
});

const undoEmailChange = createRoute({
  getParentRoute: () => root,
  path: '/undo-email-change',
  component: lazyRouteComponent(() => import('./pages/UndoEmailChangePage'), 'UndoEmailChangePage'),
});

const unsubscribe = createRoute({
  getParentRoute: () => root,
  path: '/unsubscribe',
  component: lazyRouteComponent(() => import('./pages/UnsubscribePage'), 'UnsubscribePage'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/AccountPage'), 'AccountPage'),
});

const ownOrders = createRoute({
  getParentRoute: () => account,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/account/Orders'), 'Orders'),
});

const profile = createRoute({
  getParentRoute: () => account,
  path: '/profile',
  component: lazyRouteComponent(() => import('./pages/account/Profile'), 'Profile'),
});

const addresses = createRoute({
  getParentRoute: () => account,
  path: '/addresses',
  component: lazyRouteComponent(() => import('./pages/account/Addresses'), 'Addresses'),
});

const paymentMethods = createRoute({
  getParentRoute: () => account,
  path: '/payment-methods',
  component: lazyRouteComponent(() => import('./pages/account/PaymentMethods'), 'PaymentMethods'),
});

const security = createRoute({
  getParentRoute: () => account,
  path: '/security',
  component: lazyRouteComponent(() => import('./pages/account/Security'), 'Security'),
});

const messages = createRoute({
  getParentRoute: () => account,
  path: '/messages',
  component: lazyRouteComponent(() => import('./pages/account/Messages'), 'Messages'),
});

const tree = root.addChildren([
  home,
  category,
  search,
  product,
  cart,
  checkout,
  order,
  findOrder,
  login,
  register,
  forgotPassword,
  resetPassword,
  verifyEmail,
  undoEmailChange,
  unsubscribe,
  account.addChildren([ownOrders, profile, addresses, paymentMethods, security, messages]),
]);

export function router(queries: QueryClient) {
  const made = createRouter({
    routeTree: tree,
    context: { queries },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    // What is fresh and what is not, the queries know.
    defaultPreloadStaleTime: 0,
    // What is there sooner is shown without anything in between.
    defaultPendingMs: 150,
    defaultPendingMinMs: 0,
    scrollRestoration: true,
    defaultErrorComponent: Failed,
    defaultNotFoundComponent: Missing,
  });
  loadAcross(made.history);
  return made;
}

/** The paths of all pages. */
export type PagePath = WithoutEnd<keyof ReturnType<typeof router>['routesByPath']>;
/** A page within another one that has no path of its own ends with a slash. */
type WithoutEnd<Path> = Path extends `${infer Rest extends `/${string}`}/` ? Rest : Path;

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof router>;
  }
}
