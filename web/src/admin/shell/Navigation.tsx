import { AppShell, NavLink, ScrollArea, Stack, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useId } from 'react';

import { useMay } from '../may';
import { useTexts } from '../texts';
import { type Page, pages } from './pages';

/** The pages one may see, by what they are about. */
export function Navigation() {
  const { shell } = useTexts();
  return (
    <>
      <AppShell.Section grow component={ScrollArea}>
        <Stack gap="lg">
          {pages.map((group) => (
            <Group key={group.name ?? ''} {...group} />
          ))}
        </Stack>
      </AppShell.Section>
      <AppShell.Section>
        <NavLink
          href="/"
          label={shell.viewShop}
          leftSection={<IconExternalLink size={18} aria-hidden />}
        />
      </AppShell.Section>
    </>
  );
}

function Group({
  name,
  pages,
}: {
  name?: 'sales' | 'catalog' | 'people' | 'operations';
  pages: Page[];
}) {
  const { shell } = useTexts();
  const may = useMay();
  const id = useId();
  const mine = pages.filter(({ needs }) => !needs || may(needs));
  if (mine.length === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form
    <div role="group" aria-labelledby={name && id}>
      {name && (
        <Text id={id} size="xs" fw={600} c="dimmed" px="sm" pb={4}>
          {shell[name]}
        </Text>
      )}
      {mine.map((page) => (
        <NavLink
          key={page.name}
          label={shell[page.name] as string}
          leftSection={<page.icon size={18} stroke={1.6} aria-hidden />}
          renderRoot={(props) => (
            <Link
              to={page.to}
              activeOptions={{ exact: page.to === '/', includeSearch: false }}
              activeProps={{ 'data-active': true } as object}
              {...props}
            />
          )}
        />
      ))}
    </div>
  );
}
