/** Everybody with an account: customers and those who run the shop. */

import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { PageHead } from '../../parts/PageHead';
import { RowLink } from '../../parts/RowLink';
import { SearchInput } from '../../parts/SearchInput';
import { StatusBadge } from '../../parts/StatusBadge';
import { useTexts } from '../../texts';
import { findUsers, ROLES, type User, type UserSearch } from '../../users';
import { NewUserDialog } from './NewUserDialog';

const route = getRouteApi('/inside/customers');

export function Customers() {
  const { customers, shell } = useTexts();
  const may = useMay();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [adding, add] = useDisclosure();
  const columns = useColumns();
  const list = usePages(['users', search], (cursor, signal) => findUsers(search, cursor, signal));
  return (
    <>
      <PageHead
        title={shell.customers}
        actions={
          may('users:write') && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={add.open}>
              {customers.add}
            </Button>
          )
        }
      />
      <NewUserDialog opened={adding} close={add.close} />
      <Stack>
        <Filters search={search} set={(next) => void navigate({ search: next, replace: true })} />
        <Text size="sm" c="dimmed" role="status">
          {list.total === undefined || list.total === null ? '\u00a0' : customers.found(list.total)}
        </Text>
        <DataTable
          label={shell.customers}
          list={list}
          columns={columns}
          id={(it) => it.id}
          empty={{
            ...customers.noResults,
            action: (
              <Button variant="default" onClick={() => void navigate({ search: {} })}>
                {customers.clearFilters}
              </Button>
            ),
          }}
        />
      </Stack>
    </>
  );
}

function useColumns(): Column<User>[] {
  const { customers, shell } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'name',
      head: customers.name,
      cell: (it) => (
        <>
          <RowLink to="/customers/$id" params={{ id: it.id }}>
            {it.name || it.email}
          </RowLink>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {it.email}
          </Text>
        </>
      ),
    },
    {
      key: 'roles',
      head: customers.roles,
      cell: (it) => it.roles.map((role) => shell.roles[role]).join(', '),
    },
    {
      key: 'active',
      head: customers.status,
      from: 'xs',
      cell: (it) => (
        <StatusBadge tone={it.active ? 'good' : 'quiet'}>
          {it.active ? customers.active : customers.inactive}
        </StatusBadge>
      ),
    },
    {
      key: 'created',
      head: customers.created,
      from: 'md',
      cell: (it) => format.date(it.created_at),
    },
    {
      key: 'login',
      head: customers.lastSignIn,
      from: 'lg',
      cell: (it) => (it.last_login_at ? format.time(it.last_login_at) : customers.never),
    },
  ];
}

function Filters({ search, set }: { search: UserSearch; set: (next: UserSearch) => void }) {
  const { customers, shell } = useTexts();
  return (
    <Group gap="sm">
      <SearchInput
        label={customers.search}
        value={search.q ?? ''}
        onChange={(q) => set({ ...search, q: q || undefined })}
      />
      <Select
        aria-label={customers.roles}
        placeholder={customers.anyRole}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={ROLES.map((value) => ({ value, label: shell.roles[value] }))}
        value={search.role ?? null}
        onChange={(role) => set({ ...search, role: role ?? undefined })}
      />
      <Select
        aria-label={customers.status}
        placeholder={customers.anyStatus}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={[
          { value: 'true', label: customers.active },
          { value: 'false', label: customers.inactive },
        ]}
        value={search.active === undefined ? null : String(search.active)}
        onChange={(it) => set({ ...search, active: it === null ? undefined : it === 'true' })}
      />
    </Group>
  );
}
