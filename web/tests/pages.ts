/** Every page there is, and who looks at it. */

import type { Furnished } from './furnish';

export type Place = {
  name: string;
  as: 'guest' | 'customer' | 'admin';
  path: (shop: Furnished) => string;
};

const at = (path: string) => () => path;

export const places: Place[] = [
  { name: 'home', as: 'guest', path: at('/') },
  { name: 'category', as: 'guest', path: at('/categories/clothing') },
  { name: 'search', as: 'guest', path: at('/search?search=lamp') },
  { name: 'search-empty', as: 'guest', path: at('/search?search=xyzzyqwert') },
  { name: 'product', as: 'guest', path: (shop) => `/products/${shop.product.slug}` },
  { name: 'cart-empty', as: 'guest', path: at('/cart') },
  { name: 'missing', as: 'guest', path: at('/no/such/page') },
  { name: 'login', as: 'guest', path: at('/login') },
  { name: 'register', as: 'guest', path: at('/register') },
  { name: 'forgot-password', as: 'guest', path: at('/forgot-password') },
  { name: 'reset-password', as: 'guest', path: at('/reset-password?token=spent') },
  { name: 'verify-email', as: 'guest', path: at('/verify-email?token=spent') },
  { name: 'find-order', as: 'guest', path: at('/find-order?number=CW-100001') },
  { name: 'unsubscribe', as: 'guest', path: at('/unsubscribe#token=spent') },
  { name: 'order-of-others', as: 'guest', path: (shop) => `/orders/${shop.order}` },
  { name: 'cart', as: 'customer', path: at('/cart') },
  { name: 'checkout', as: 'customer', path: at('/checkout') },
  { name: 'order', as: 'customer', path: (shop) => `/orders/${shop.order}` },
  { name: 'account', as: 'customer', path: at('/account') },
  { name: 'account-profile', as: 'customer', path: at('/account/profile') },
  { name: 'account-addresses', as: 'customer', path: at('/account/addresses') },
  {
    name: 'account-payment-methods',
    as: 'customer',
    path: at('/account/payment-methods'),
  },
  { name: 'account-security', as: 'customer', path: at('/account/security') },
  { name: 'account-messages', as: 'customer', path: at('/account/messages') },
  { name: 'admin-refused', as: 'customer', path: at('/admin') },
  { name: 'admin-login', as: 'guest', path: at('/admin/login') },
  { name: 'admin-dashboard', as: 'admin', path: at('/admin') },
  { name: 'admin-products', as: 'admin', path: at('/admin/products') },
  { name: 'admin-product-new', as: 'admin', path: at('/admin/products/new') },
  { name: 'admin-product', as: 'admin', path: (shop) => `/admin/products/${shop.product.id}` },
  { name: 'admin-categories', as: 'admin', path: at('/admin/categories') },
  { name: 'admin-import', as: 'admin', path: at('/admin/import') },
  { name: 'admin-inventory', as: 'admin', path: at('/admin/inventory') },
  { name: 'admin-orders', as: 'admin', path: at('/admin/orders') },
  { name: 'admin-order', as: 'admin', path: (shop) => `/admin/orders/${shop.order}` },
  { name: 'admin-customers', as: 'admin', path: at('/admin/customers') },
  { name: 'admin-customer', as: 'admin', path: (shop) => `/admin/customers/${shop.customer.id}` },
  { name: 'admin-reviews', as: 'admin', path: at('/admin/reviews') },
  { name: 'admin-messages', as: 'admin', path: at('/admin/messages') },
  { name: 'admin-message', as: 'admin', path: (shop) => `/admin/messages/${shop.message}` },
  { name: 'admin-suppressions', as: 'admin', path: at('/admin/suppressions') },
  { name: 'admin-templates', as: 'admin', path: at('/admin/templates') },
  { name: 'admin-template', as: 'admin', path: at('/admin/templates/order_shipped') },
  { name: 'admin-system', as: 'admin', path: at('/admin/system') },
];
