/** All products: found, sorted, published and archived by many, and their stock at a glance. */

import { Button, Group, Select, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../../api/client';
import { useFormats } from '../../../format';
import {
  categoryTree,
  flat,
  PRODUCT_STATUSES,
  type Product,
  type ProductStatus,
} from '../../catalog';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { PageHead } from '../../parts/PageHead';
import { RowLink } from '../../parts/RowLink';
import { Thumbnail } from '../../parts/Thumbnail';
import { useTexts } from '../../texts';
import { BulkBar } from './BulkBar';
import { StockCell } from './StockCell';

export type ProductsSearch = {
  status?: ProductStatus | undefined;
  search?: string | undefined;
  category?: string | undefined;
  stock?: 'in' | 'out' | undefined;
  sort?: string | undefined;
};

export function Products() {
  const { shell, products: texts } = useTexts();
  const search = useSearch({ from: '/inside/products' });
  const navigate = useNavigate({ from: '/products' });
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const set = (change: ProductsSearch) => {
    setChosen(new Set());
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  };
  const { status = 'active' } = search;
  const list = useProducts(search);
  const columns = useColumns();
  const filtered = search.search || search.category || search.stock;
  const add = (
    <Button
      leftSection={<IconPlus size={16} aria-hidden />}
      renderRoot={(props) => <Link to="/products/new" {...props} />}
    >
      {texts.add}
    </Button>
  );

  return (
    <>
      <PageHead title={shell.products} actions={add} />
      <Stack gap="md">
        <Tabs
          value={status}
          onChange={(it) => set({ status: (it ?? 'active') as ProductStatus })}
          keepMounted={false}
        >
          <Tabs.List aria-label={texts.status}>
            {PRODUCT_STATUSES.map((it) => (
              <Tabs.Tab key={it} value={it}>
                {texts.statuses[it]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value={status} pt="md">
            <Stack gap="md">
              <Filters key={status} search={search} set={set} />
              <BulkBar
                chosen={chosen}
                rows={list.rows}
                done={(failed) => setChosen(new Set(failed))}
                clear={() => setChosen(new Set())}
              />
              <DataTable
                label={shell.products}
                list={list}
                columns={columns}
                id={(it) => it.id}
                minWidth={520}
                sort={{
                  by: search.sort ?? (search.search ? 'relevance' : 'newest'),
                  set: (sort) => set({ sort }),
                }}
                selection={{ chosen, set: setChosen, name: (it) => it.title }}
                empty={
                  filtered
                    ? {
                        title: texts.noResults,
                        text: texts.noResultsText,
                        action: (
                          <Button
                            variant="default"
                            onClick={() => void navigate({ search: { status }, replace: true })}
                          >
                            {texts.clearFilters}
                          </Button>
                        ),
                      }
                    : { title: texts.none[status], text: texts.noneText, action: add }
                }
              />
            </Stack>
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </>
  );
}

function useProducts({ status, search, category, stock, sort }: ProductsSearch) {
  const query = {
    status: status ?? 'active',
    limit: 30,
    ...(search ? { search } : {}),
    ...(category ? { category } : {}),
    ...(stock ? { in_stock: stock === 'in' } : {}),
    ...(sort ? { sort } : {}),
  };
  return usePages<Product>(['products', 'list', query], (cursor, signal) =>
    ok(
      api.GET('/api/v1/products', {
        params: { query: { ...query, ...(cursor ? { cursor } : {}) } },
        signal,
      }),
    ),
  );
}

function Filters({ search, set }: { search: ProductsSearch; set: (it: ProductsSearch) => void }) {
  const { products: texts } = useTexts();
  const categories = useQuery(categoryTree);
  const [text, setText] = useState(search.search ?? '');
  // The order by relevance takes a search, and each search starts with it.
  const ask = useDebouncedCallback(
    (it: string) => set({ search: it || undefined, sort: undefined }),
    300,
  );
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        type="search"
        label={texts.search}
        placeholder={texts.searchHint}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        flex="1 1 14rem"
        onChange={(event) => {
          setText(event.currentTarget.value);
          ask(event.currentTarget.value.trim());
        }}
      />
      <Select
        label={texts.category}
        placeholder={texts.anyCategory}
        clearable
        searchable
        flex="1 1 10rem"
        value={search.category ?? null}
        data={flat(categories.data ?? []).map(({ category, depth }) => ({
          value: category.id,
          label: `${'\u2003'.repeat(depth)}${category.name}`,
        }))}
        onChange={(it) => set({ category: it ?? undefined })}
      />
      <Select
        label={texts.stock}
        placeholder={texts.anyStock}
        clearable
        flex="1 1 9rem"
        value={search.stock ?? null}
        data={[
          { value: 'in', label: texts.inStock },
          { value: 'out', label: texts.outOfStock },
        ]}
        onChange={(it) => set({ stock: it ?? undefined })}
      />
      <Select
        label={texts.sortBy}
        flex="1 1 9rem"
        allowDeselect={false}
        value={search.sort ?? (search.search ? 'relevance' : 'newest')}
        data={Object.entries(texts.sorts)
          .filter(([value]) => value !== 'relevance' || search.search)
          .map(([value, label]) => ({ value, label }))}
        onChange={(it) => set({ sort: it ?? undefined })}
      />
    </Group>
  );
}

function useColumns(): Column<Product>[] {
  const { products: texts } = useTexts();
  const formats = useFormats();
  return [
    {
      key: 'picture',
      head: texts.image,
      headHidden: true,
      width: 64,
      cell: (it) => <Thumbnail url={it.images[0]?.url} />,
    },
    {
      key: 'title',
      head: texts.title,
      sort: { up: 'title' },
      cell: (it) => (
        <>
          <RowLink to="/products/$id" params={{ id: it.id }}>
            {it.title}
          </RowLink>
          <Text size="sm" c="dimmed">
            {it.variants.length > 1 ? texts.variantCount(it.variants.length) : it.variants[0]?.sku}
          </Text>
        </>
      ),
    },
    {
      key: 'stock',
      head: texts.stock,
      cell: (it) => <StockCell product={it} />,
    },
    {
      key: 'price',
      head: texts.price,
      align: 'right',
      sort: { up: 'price', down: '-price' },
      cell: (it) => formats.money(it.price),
    },
    {
      key: 'categories',
      head: texts.categories,
      from: 'md',
      cell: (it) => (
        <Text size="sm" lineClamp={2}>
          {it.categories.map(({ name }) => name).join(', ')}
        </Text>
      ),
    },
    {
      key: 'sold',
      head: texts.sold,
      from: 'lg',
      align: 'right',
      cell: (it) => formats.number(it.sold),
    },
    {
      key: 'updated',
      head: texts.updated,
      from: 'lg',
      cell: (it) => formats.date(it.updated_at),
    },
  ];
}
