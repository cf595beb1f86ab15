/** What the navigation and the search lead to, and which permission each page takes. */

import {
  IconCategory,
  IconFileImport,
  IconHome,
  IconMail,
  IconMailOff,
  IconPackages,
  IconReceipt,
  IconServer,
  IconShirt,
  IconStar,
  IconTemplate,
  IconUsers,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';

import type { Permission } from '../may';
import type { Texts } from '../texts';

export type Page = {
  to: LinkProps['to'];
  name: keyof Texts['shell'];
  icon: typeof IconHome;
  needs?: Permission;
};

export const pages: { name?: 'sales' | 'catalog' | 'people' | 'operations'; pages: Page[] }[] = [
  { pages: [{ to: '/', name: 'dashboard', icon: IconHome }] },
  {
    name: 'sales',
    pages: [
      { to: '/orders', name: 'orders', icon: IconReceipt, needs: 'orders:read' },
      { to: '/reviews', name: 'reviews', icon: IconStar, needs: 'reviews:moderate' },
    ],
  },
  {
    name: 'catalog',
    pages: [
      { to: '/products', name: 'products', icon: IconShirt, needs: 'catalog:write' },
      { to: '/categories', name: 'categories', icon: IconCategory, needs: 'catalog:write' },
      { to: '/inventory', name: 'inventory', icon: IconPackages, needs: 'catalog:write' },
      { to: '/import', name: 'imports', icon: IconFileImport, needs: 'catalog:write' },
    ],
  },
  {
    name: 'people',
    pages: [
      { to: '/customers', name: 'customers', icon: IconUsers, needs: 'users:read' },
      { to: '/messages', name: 'messages', icon: IconMail, needs: 'notifications:read' },
      {
        to: '/suppressions',
        name: 'suppressions',
        icon: IconMailOff,
        needs: 'notifications:read',
      },
      { to: '/templates', name: 'templates', icon: IconTemplate, needs: 'notifications:read' },
    ],
  },
  {
    name: 'operations',
    pages: [{ to: '/system', name: 'system', icon: IconServer, needs: 'system:read' }],
  },
];
