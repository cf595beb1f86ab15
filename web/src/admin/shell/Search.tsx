/** Ctrl+K: to any product, SKU, order, person or page. */

import { Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight } from '@mantine/spotlight';
import { IconBarcode, IconReceipt, IconSearch, IconShirt, IconUser } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';

import { useFormats } from '../../format';
import { useMay } from '../may';
import { useTexts } from '../texts';
import { LIMIT, useFound } from './found';
import { pages } from './pages';

/** Something that is found, and where it leads. */
type Found = {
  key: string;
  label: string;
  description?: string;
  icon: typeof IconSearch;
  go: () => void;
};

export function Search() {
  const { shell, products, states } = useTexts();
  const formats = useFormats();
  const navigate = useNavigate();
  const may = useMay();
  const [text, setText] = useState('');
  const words = text.trim();
  const [asked] = useDebouncedValue(words, 200);
  const found = useFound(words === '' ? '' : asked);

  const matching = pages
    .flatMap((group) => group.pages)
    .filter(({ needs }) => !needs || may(needs))
    .filter(({ name }) => (shell[name] as string).toLowerCase().includes(words.toLowerCase()));

  // Always in this order, so that nothing jumps while the answers come.
  const groups: { name: string; items: Found[]; all?: () => void }[] = [
    {
      name: shell.products,
      items: found.products.map((it) => ({
        key: it.id,
        label: it.title,
        description:
          it.status === 'active'
            ? formats.money(it.price)
            : `${formats.money(it.price)} · ${products.statuses[it.status]}`,
        icon: IconShirt,
        go: () => void navigate({ to: '/products/$id', params: { id: it.id } }),
      })),
      all: () => void navigate({ to: '/products', search: { search: asked } }),
    },
    {
      name: shell.skus,
      items: found.skus.map((it) => ({
        key: it.sku,
        label: it.sku,
        description: [
          it.product_title,
          typeof it.available === 'number' && shell.available(formats.number(it.available)),
        ]
          .filter(Boolean)
          .join(' · '),
        icon: IconBarcode,
        go: () => void navigate({ to: '/inventory', search: { search: it.sku } }),
      })),
      all: () => void navigate({ to: '/inventory', search: { search: asked } }),
    },
    {
      name: shell.orders,
      items: found.orders.map((it) => ({
        key: it.id,
        label: it.number,
        description: [it.email, formats.money(it.total), states.order[it.status]].join(' · '),
        icon: IconReceipt,
        go: () => void navigate({ to: '/orders/$id', params: { id: it.id } }),
      })),
      all: () => void navigate({ to: '/orders', search: { q: asked } }),
    },
    {
      name: shell.customers,
      items: found.people.map((it) => ({
        key: it.id,
        label: it.name || it.email,
        description: [it.name && it.email, it.roles.map((role) => shell.roles[role]).join(', ')]
          .filter(Boolean)
          .join(' · '),
        icon: IconUser,
        go: () => void navigate({ to: '/customers/$id', params: { id: it.id } }),
      })),
      all: () => void navigate({ to: '/customers', search: { q: asked } }),
    },
    {
      name: shell.pages,
      items: matching.map((page) => ({
        key: page.name,
        label: shell[page.name] as string,
        icon: page.icon,
        go: () => void navigate({ to: page.to }),
      })),
    },
  ];
  const count = groups.reduce((sum, { items }) => sum + items.length, 0);

  return (
    <Spotlight.Root
      query={text}
      onQueryChange={setText}
      scrollable
      maxHeight="70dvh"
      attributes={{ content: { 'aria-label': shell.searchAll } }}
    >
      <Spotlight.Search
        placeholder={shell.searchAll}
        aria-label={shell.searchAll}
        maxLength={200}
        leftSection={<IconSearch size={20} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {groups.map(({ name, items, all }) => (
          <Group key={name} name={name}>
            {items.map(({ key, icon: Icon, go, ...it }) => (
              <Spotlight.Action
                key={key}
                {...it}
                leftSection={<Icon size={20} stroke={1.6} aria-hidden />}
                onClick={go}
              />
            ))}
            {all && items.length >= LIMIT && (
              <Spotlight.Action key="all" label={shell.allOf(name)} onClick={all} />
            )}
          </Group>
        ))}
        {count === 0 && (
          <Spotlight.Empty>{found.waiting ? shell.searching : shell.noResults}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
      <Text role="status" size="xs" c="dimmed" px="md" pb="xs">
        {found.waiting ? shell.searching : shell.found(count)}
        {found.failed && ` ${shell.notAll}`}
      </Text>
    </Spotlight.Root>
  );
}

function Group({ name, children }: { name: string; children: ReactNode[] }) {
  if (children.flat().every((it) => !it)) return null;
  return <Spotlight.ActionsGroup label={name}>{children}</Spotlight.ActionsGroup>;
}
