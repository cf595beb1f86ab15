import { AppShell, NavLink } from '@mantine/core';
import { Outlet } from '@tanstack/react-router';

import { useTexts } from '../texts';

/** What every page of the admin has around it. */
export function Shell() {
  const { shell } = useTexts();
  return (
    <AppShell navbar={{ width: 240, breakpoint: 'sm' }} padding="md">
      <AppShell.Navbar p="md">
        <NavLink label={shell.dashboard} />
        <NavLink label={shell.products} />
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}
