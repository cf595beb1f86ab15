/** Ctrl+K: to any page, product or order. */

import { Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight } from '@mantine/spotlight';
import { IconReceipt, IconSearch, IconShirt } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../api/client';
import { isProblem } from '../../api/problem';
import { useFormats } from '../../format';
import { useMay } from '../may';
import { useTexts } from '../texts';
import { pages } from './pages';

export function Search() {
  const { shell } = useTexts();
  const formats = useFormats();
  const navigate = useNavigate();
  const may = useMay();
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim(), 200);
  const search = asked.length > 1;

  const products = useQuery({
    queryKey: ['search', 'products', asked],
    enabled: search,
    placeholderData: keepPreviousData,
    queryFn: () =>
      ok(api.GET('/api/v1/products', { params: { query: { search: asked, limit: 5 } } })),
  });
  const orders = useQuery({
    queryKey: ['search', 'orders', asked],
    enabled: search && may('orders:read'),
    queryFn: () => findOrders(asked),
  });

  const words = text.trim().toLowerCase();
  const matching = pages
    .flatMap((group) => group.pages)
    .filter(({ needs }) => !needs || may(needs))
    .filter(({ name }) => (shell[name] as string).toLowerCase().includes(words));
  const goods = (search && may('catalog:write') && products.data?.items) || [];
  const sold = (search && orders.data) || [];
  const found = matching.length + goods.length + sold.length;
  const waiting = search && (products.isFetching || orders.isFetching);

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
        leftSection={<IconSearch size={20} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {matching.length > 0 && (
          <Spotlight.ActionsGroup label={shell.pages}>
            {matching.map((page) => (
              <Spotlight.Action
                key={page.name}
                label={shell[page.name] as string}
                leftSection={<page.icon size={20} stroke={1.6} aria-hidden />}
                onClick={() => void navigate({ to: page.to })}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {goods.length > 0 && (
          <Spotlight.ActionsGroup label={shell.products}>
            {goods.map((product) => (
              <Spotlight.Action
                key={product.id}
                label={product.title}
                description={formats.money(product.price)}
                leftSection={<IconShirt size={20} stroke={1.6} aria-hidden />}
                onClick={() => void navigate({ to: '/products/$id', params: { id: product.id } })}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {sold.length > 0 && (
          <Spotlight.ActionsGroup label={shell.orders}>
            {sold.map((order) => (
              <Spotlight.Action
                key={order.id}
                label={order.number}
                description={`${order.email} · ${formats.money(order.total)}`}
                leftSection={<IconReceipt size={20} stroke={1.6} aria-hidden />}
                onClick={() => void navigate({ to: `/orders/${order.id}` as '/' })}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {found === 0 && (
          <Spotlight.Empty>{waiting ? shell.searching : shell.noResults}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
      <Text role="status" size="xs" c="dimmed" px="md" pb="xs">
        {waiting ? shell.searching : shell.found(found)}
      </Text>
    </Spotlight.Root>
  );
}

/** Orders of an e-mail address, or the one with this number. */
async function findOrders(text: string) {
  if (text.includes('@')) {
    const query = { all: true, email: text, limit: 5 };
    return (await ok(api.GET('/api/v1/orders', { params: { query } }))).items;
  }
  const number = /^(?:CW-)?(\d+)$/i.exec(text)?.[1];
  if (!number) return [];
  try {
    return [await ok(api.GET('/api/v1/orders/{id}', { params: { path: { id: `CW-${number}` } } }))];
  } catch (error) {
    if (isProblem(error) && error.status < 500) return [];
    throw error;
  }
}
