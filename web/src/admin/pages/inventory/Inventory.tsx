/** What there is of every SKU: found, counted in place or by many, and how it came to be. */

import { Button, Drawer, Group, NumberInput, Stack, Switch, Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../../api/client';
import { useFormats } from '../../../format';
import { ONLY, type Listed as Stock } from '../../catalog';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { PageHead } from '../../parts/PageHead';
import { SearchInput } from '../../parts/SearchInput';
import { StatusBadge } from '../../parts/StatusBadge';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';
import { BulkSet } from './BulkSet';
import { Holds } from './Holds';
import { Ledger } from './Ledger';
import { LOW } from './low';
import { StockInput } from './StockInput';

export type InventorySearch = { search?: string | undefined; low?: number | undefined };

export function Inventory() {
  const { shell, inventory: texts, parts } = useTexts();
  const { search, low } = useSearch({ from: '/inside/inventory' });
  const navigate = useNavigate({ from: '/inventory' });
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [shown, setShown] = useState<string>();
  const [holds, setHolds] = useState<{ sku?: string }>();
  const set = (change: InventorySearch) => {
    setChosen(new Set());
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  };
  const query = { limit: 50, ...(search ? { search } : {}), ...(low !== undefined ? { low } : {}) };
  const list = usePages<Stock>(['inventory', 'list', query], (cursor) =>
    ok(
      api.GET('/api/v1/inventory', {
        params: { query: { ...query, ...(cursor ? { cursor } : {}) } },
      }),
    ),
  );
  const columns = useColumns(setShown, (sku) => setHolds({ sku }));
  const narrowed = search !== undefined || low !== undefined;

  return (
    <>
      <PageHead
        title={shell.inventory}
        actions={
          <Button variant="default" onClick={() => setHolds({})}>
            {texts.reservations}
          </Button>
        }
      />
      <Stack gap="md">
        <Group gap="lg" align="center">
          <SearchInput
            label={texts.search}
            value={search ?? ''}
            onChange={(it) => set({ search: it || undefined })}
          />
          <Group gap="sm">
            <Switch
              label={texts.lowStockOnly}
              checked={low !== undefined}
              onChange={(event) => set({ low: event.currentTarget.checked ? LOW : undefined })}
            />
            {low !== undefined && (
              <NumberInput
                aria-label={texts.maxAvailable}
                w={90}
                min={0}
                max={1_000_000}
                allowDecimal={false}
                value={low}
                onChange={(it) => it !== '' && set({ low: Number(it) })}
              />
            )}
          </Group>
        </Group>
        <BulkSet
          chosen={chosen}
          seen={(sku) => list.rows?.find((it) => it.sku === sku)?.on_hand}
          clear={() => setChosen(new Set())}
          failed={setChosen}
        />
        <DataTable
          label={shell.inventory}
          list={list}
          columns={columns}
          id={(it) => it.sku}
          minWidth={720}
          selection={{ chosen, set: setChosen, name: (it) => it.sku }}
          empty={
            narrowed
              ? {
                  title: low !== undefined && !search ? texts.noLowStock : texts.noResults,
                  action: (
                    <Button
                      variant="default"
                      onClick={() => void navigate({ search: {}, replace: true })}
                    >
                      {texts.clearFilters}
                    </Button>
                  ),
                }
              : { title: texts.none, text: texts.noneText }
          }
        />
      </Stack>
      <Drawer
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        position="right"
        size="lg"
        title={texts.ledgerOf(shown ?? '')}
        closeButtonProps={{ 'aria-label': parts.close }}
      >
        {shown !== undefined && <Ledger sku={shown} />}
      </Drawer>
      <Drawer
        opened={holds !== undefined}
        onClose={() => setHolds(undefined)}
        position="right"
        size="lg"
        title={holds?.sku ? texts.reservationsOf(holds.sku) : texts.reservations}
        closeButtonProps={{ 'aria-label': parts.close }}
      >
        {holds && <Holds sku={holds.sku} />}
      </Drawer>
    </>
  );
}

function useColumns(
  show: (sku: string) => void,
  showHolds: (sku: string) => void,
): Column<Stock>[] {
  const { inventory: texts, editor } = useTexts();
  const formats = useFormats();
  return [
    {
      key: 'sku',
      head: texts.item,
      cell: (it) => (
        <>
          <TextLink
            to="/products/$id"
            params={{ id: it.product_id }}
            style={{ overflowWrap: 'anywhere' }}
          >
            {titleOf(it) || it.sku}
          </TextLink>
          {titleOf(it) && (
            <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {it.sku}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'on_hand',
      head: texts.onHand,
      width: 180,
      cell: (it) =>
        it.policy === 'untracked' ? (
          <Text size="sm" c="dimmed">
            {editor.policies.untracked}
          </Text>
        ) : (
          <StockInput stock={it} />
        ),
    },
    {
      key: 'allocated',
      head: texts.allocated,
      align: 'right',
      cell: (it) => formats.number(it.allocated),
    },
    {
      key: 'reserved',
      head: texts.reserved,
      align: 'right',
      cell: (it) =>
        it.reserved === 0 ? (
          formats.number(it.reserved)
        ) : (
          <Button
            variant="subtle"
            size="compact-sm"
            c="var(--mantine-color-anchor)"
            aria-label={texts.reservationsOf(it.sku)}
            onClick={() => showHolds(it.sku)}
          >
            {formats.number(it.reserved)}
          </Button>
        ),
    },
    {
      key: 'available',
      head: texts.available,
      align: 'right',
      cell: (it) => {
        if (it.available === null || it.available === undefined) return '∞';
        if (it.available > LOW) return formats.number(it.available);
        return (
          <StatusBadge tone={it.available > 0 ? 'warn' : 'bad'}>
            {it.available > 0 ? texts.low(formats.number(it.available)) : texts.outOfStock}
          </StatusBadge>
        );
      },
    },
    {
      key: 'policy',
      head: editor.fields.inventory_policy,
      from: 'md',
      cell: (it) => editor.policies[it.policy],
    },
    {
      key: 'ledger',
      head: texts.ledger,
      headHidden: true,
      align: 'right',
      cell: (it) => (
        <Button
          variant="subtle"
          size="compact-sm"
          c="var(--mantine-color-anchor)"
          aria-label={texts.ledgerOf(it.sku)}
          onClick={() => show(it.sku)}
        >
          {texts.ledger}
        </Button>
      ),
    },
  ];
}

/** What it is of, in words; an only variant has no name of its own. */
function titleOf({ product_title = '', variant_title = '' }: Stock) {
  return variant_title && variant_title !== ONLY
    ? `${product_title} · ${variant_title}`
    : product_title;
}
