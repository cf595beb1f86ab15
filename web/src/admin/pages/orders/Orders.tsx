/** All orders, narrowed by number, customer, state and time. */

import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import {
  findOrders,
  ORDER_PAYMENT_STATUSES,
  ORDER_STATUSES,
  type Order,
  type OrderSearch,
} from '../../orders';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { PageHead } from '../../parts/PageHead';
import { RowLink } from '../../parts/RowLink';
import { SearchInput } from '../../parts/SearchInput';
import { StatusBadge } from '../../parts/StatusBadge';
import { orderPaymentTone, orderTone } from '../../parts/states';
import { useTexts } from '../../texts';
import { isDisputed } from '../../webhooks';

const route = getRouteApi('/inside/orders');

export function Orders() {
  const { orders, shell } = useTexts();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = usePages(['orders', search], (cursor, signal) => findOrders(search, cursor, signal));
  const columns = useColumns();
  const narrowed = Object.values(search).some((it) => it !== undefined);
  return (
    <>
      <PageHead title={shell.orders} />
      <Stack>
        <Filters search={search} set={(next) => void navigate({ search: next, replace: true })} />
        <Text size="sm" c="dimmed" role="status">
          {list.total === undefined || list.total === null ? '\u00a0' : orders.found(list.total)}
        </Text>
        <DataTable
          label={shell.orders}
          list={list}
          columns={columns}
          id={(it) => it.id}
          empty={
            narrowed
              ? {
                  ...orders.noResults,
                  action: (
                    <Button variant="default" onClick={() => void navigate({ search: {} })}>
                      {orders.clearFilters}
                    </Button>
                  ),
                }
              : orders.empty
          }
        />
      </Stack>
    </>
  );
}

function useColumns(): Column<Order>[] {
  const { order, orders, states } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'number',
      head: orders.number,
      cell: (it) => (
        <>
          <RowLink to="/orders/$id" params={{ id: it.number }}>
            {it.number}
          </RowLink>
          <Text size="xs" c="dimmed" hiddenFrom="sm" truncate maw="6.5rem">
            {it.shipping_address?.name ?? it.email}
          </Text>
        </>
      ),
    },
    { key: 'placed', head: orders.placed, cell: (it) => format.time(it.created_at), from: 'md' },
    {
      key: 'customer',
      head: orders.customer,
      from: 'sm',
      cell: (it) => (
        <>
          <Text size="sm" truncate maw="16rem">
            {it.shipping_address?.name ?? it.email}
          </Text>
          {it.shipping_address && (
            <Text size="xs" c="dimmed" truncate maw="16rem">
              {it.email}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'units',
      head: orders.units,
      align: 'right',
      from: 'lg',
      cell: (it) => format.number(it.items.reduce((sum, line) => sum + line.quantity, 0)),
    },
    {
      key: 'status',
      head: orders.status,
      cell: (it) => (
        <Group gap={4}>
          <StatusBadge tone={orderTone[it.status]}>{states.order[it.status]}</StatusBadge>
          {isDisputed(it) && <StatusBadge tone="bad">{order.disputed}</StatusBadge>}
        </Group>
      ),
    },
    {
      key: 'payment',
      head: orders.payment,
      from: 'sm',
      cell: (it) => (
        <StatusBadge tone={orderPaymentTone[it.payment_status]}>
          {states.orderPayment[it.payment_status]}
        </StatusBadge>
      ),
    },
    {
      key: 'total',
      head: orders.total,
      align: 'right',
      cell: (it) => format.money(it.total),
    },
  ];
}

function Filters({ search, set }: { search: OrderSearch; set: (next: OrderSearch) => void }) {
  const { orders, states } = useTexts();
  return (
    <Group align="end" gap="sm">
      <SearchInput
        label={orders.search}
        value={search.q ?? ''}
        onChange={(q) => set({ ...search, q: q || undefined })}
      />
      <Select
        aria-label={orders.status}
        placeholder={orders.anyStatus}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={ORDER_STATUSES.map((value) => ({ value, label: states.order[value] }))}
        value={search.status ?? null}
        onChange={(status) => set({ ...search, status: status ?? undefined })}
      />
      <Select
        aria-label={orders.payment}
        placeholder={orders.anyPayment}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={ORDER_PAYMENT_STATUSES.map((value) => ({ value, label: states.orderPayment[value] }))}
        value={search.payment ?? null}
        onChange={(payment) => set({ ...search, payment: payment ?? undefined })}
      />
      <TextInput
        type="date"
        label={orders.from}
        max={search.to}
        value={search.from ?? ''}
        onChange={(event) => set({ ...search, from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={orders.to}
        min={search.from}
        value={search.to ?? ''}
        onChange={(event) => set({ ...search, to: event.currentTarget.value || undefined })}
      />
    </Group>
  );
}
