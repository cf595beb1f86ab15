/** What every page of the admin has around it, once it is known who is there. */

import { ActionIcon, AppShell, Box, Burger, Button, Kbd } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { Link, Outlet, useLocation, useMatches, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { useUser } from '../../api/useUser';
import { shop } from '../../shop';
import { isStaff, useMay } from '../may';
import { useTexts } from '../texts';
import { Forbidden } from './Missing';
import { Navigation } from './Navigation';
import { Search } from './Search';
import styles from './Shell.module.css';
import { StaffOnly } from './StaffOnly';
import { TestMode } from './TestMode';
import { UserMenu } from './UserMenu';

export function Shell() {
  const user = useUser();
  const navigate = useNavigate();
  const gone = user === null;
  useEffect(() => {
    // Logged out in another tab, or the session was ended elsewhere.
    if (gone) void navigate({ to: '/login' });
  }, [gone, navigate]);
  if (!user) return null;
  if (!isStaff(user)) return <StaffOnly user={user} />;
  return <Frame />;
}

function Frame() {
  const { shell } = useTexts();
  const [open, { toggle, close }] = useDisclosure();
  const path = useLocation({ select: (it) => it.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the navigation
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 248, breakpoint: 'md', collapsed: { mobile: !open } }}
      padding={{ base: 'md', sm: 'xl' }}
    >
      <a className={styles.skip} href="#content">
        {shell.skip}
      </a>
      <AppShell.Header className={styles.header}>
        <Burger
          opened={open}
          onClick={toggle}
          hiddenFrom="md"
          size="sm"
          aria-label={shell.menu}
          aria-expanded={open}
        />
        <Link to="/" className={styles.name} aria-label={shell.name(shop.name)}>
          {shop.name}
        </Link>
        <Box flex={1} />
        <Button
          variant="default"
          onClick={spotlight.open}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={<Kbd size="xs">Ctrl K</Kbd>}
          visibleFrom="sm"
          className={styles.search}
        >
          {shell.search}
        </Button>
        <ActionIcon
          variant="default"
          size="lg"
          onClick={spotlight.open}
          hiddenFrom="sm"
          aria-label={shell.search}
        >
          <IconSearch size={18} aria-hidden />
        </ActionIcon>
        <UserMenu />
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={shell.navigation}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={styles.main}>
        <TestMode />
        <Permitted />
      </AppShell.Main>
      <Search />
    </AppShell>
  );
}

/** The page, if one may see it. */
function Permitted() {
  const may = useMay();
  const needs = useMatches({ select: (matches) => matches.at(-1)?.staticData.needs });
  if (needs && !may(needs)) return <Forbidden />;
  return <Outlet />;
}
