/** What the navigation and the search lead to, and which permission each page takes. */

import {
  IconCategory,
  IconFileImport,
  IconHome,
  IconPackages,
  IconShirt,
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

export const pages: { name?: 'sell' | 'goods' | 'people' | 'running'; pages: Page[] }[] = [
  { pages: [{ to: '/', name: 'dashboard', icon: IconHome }] },
  {
    name: 'goods',
    pages: [
      { to: '/products', name: 'products', icon: IconShirt, needs: 'catalog:write' },
      { to: '/categories', name: 'categories', icon: IconCategory, needs: 'catalog:write' },
      { to: '/inventory', name: 'inventory', icon: IconPackages, needs: 'catalog:write' },
      { to: '/imports', name: 'imports', icon: IconFileImport, needs: 'catalog:write' },
    ],
  },
];
