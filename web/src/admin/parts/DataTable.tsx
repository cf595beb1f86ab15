/** A list as a table: while it loads, empty, failed; sorted, selected, page by page. */

import {
  Button,
  Center,
  Checkbox,
  Group,
  Skeleton,
  Stack,
  Table,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { useTexts } from '../texts';
import styles from './DataTable.module.css';
import { ErrorState } from './ErrorState';
import type { List } from './list';

export type Column<T> = {
  key: string;
  head: string;
  /** Only screen readers are told the head. */
  headHidden?: boolean;
  cell: (row: T, index: number) => ReactNode;
  align?: 'right';
  /** Hidden on screens narrower than that. */
  from?: 'xs' | 'sm' | 'md' | 'lg';
  width?: number | string;
  /** Names of the orders the head switches between. */
  sort?: { up: string; down?: string };
};

type Props<T> = {
  /** What the table shows, for screen readers. */
  label: string;
  list: List<T>;
  columns: Column<T>[];
  id: (row: T) => string;
  /** Shown where there are no rows. */
  empty: { title: string; text?: string; action?: ReactNode };
  sort?: { by: string; set: (by: string) => void };
  selection?: {
    chosen: ReadonlySet<string>;
    set: (chosen: Set<string>) => void;
    name: (row: T) => string;
  };
  minWidth?: number;
};

export function DataTable<T>(props: Props<T>) {
  const { label, list, columns, id, empty, sort, selection, minWidth = 0 } = props;
  const { parts } = useTexts();
  const { rows } = list;
  if (list.error) return <ErrorState error={list.error} again={list.again} />;
  if (rows?.length === 0) return <Empty {...empty} />;

  const all = rows?.every((row) => selection?.chosen.has(id(row))) ?? false;
  const some = rows?.some((row) => selection?.chosen.has(id(row))) ?? false;
  const toggle = (ids: string[], on: boolean) => {
    const next = new Set(selection?.chosen);
    for (const it of ids) {
      if (on) next.add(it);
      else next.delete(it);
    }
    selection?.set(next);
  };

  return (
    <Stack gap="sm">
      <Table.ScrollContainer
        minWidth={minWidth}
        type="native"
        className={styles.frame}
        // What scrolls has to be reachable with the keyboard.
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <Table
          aria-label={label}
          aria-busy={!rows || list.stale}
          highlightOnHover
          verticalSpacing="sm"
          className={styles.table}
          data-stale={list.stale || undefined}
        >
          <Table.Thead>
            <Table.Tr>
              {selection && (
                <Table.Th w={44}>
                  <Checkbox
                    aria-label={parts.selectAll}
                    checked={all}
                    indeterminate={some && !all}
                    disabled={!rows}
                    onChange={(event) => rows && toggle(rows.map(id), event.currentTarget.checked)}
                  />
                </Table.Th>
              )}
              {columns.map((column) => (
                <Head key={column.key} column={column} sort={sort} />
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows
              ? rows.map((row, index) => (
                  <Table.Tr
                    key={id(row)}
                    className={styles.row}
                    data-selected={selection?.chosen.has(id(row)) || undefined}
                  >
                    {selection && (
                      <Table.Td>
                        <Checkbox
                          aria-label={parts.selectRow(selection.name(row))}
                          checked={selection.chosen.has(id(row))}
                          onChange={(event) => toggle([id(row)], event.currentTarget.checked)}
                        />
                      </Table.Td>
                    )}
                    {columns.map((column) => (
                      <Table.Td
                        key={column.key}
                        ta={column.align}
                        {...(column.from ? { visibleFrom: column.from } : {})}
                      >
                        {column.cell(row, index)}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))
              : skeletons.map((at) => (
                  <Table.Tr key={at}>
                    {selection && (
                      <Table.Td>
                        <Skeleton w={20} h={20} />
                      </Table.Td>
                    )}
                    {columns.map((column) => (
                      <Table.Td
                        key={column.key}
                        {...(column.from ? { visibleFrom: column.from } : {})}
                      >
                        <Skeleton h={20} my={2} w={column.align === 'right' ? '4rem' : '70%'} />
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group justify="space-between" mih={36}>
        <Text size="sm" c="dimmed" role="status">
          {rows ? parts.entriesShown(rows.length) : parts.loading}
        </Text>
        {list.more && (
          <Button variant="default" loading={list.loadingMore ?? false} onClick={list.more}>
            {parts.showMore}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

const skeletons = ['1', '2', '3', '4', '5', '6'];

function Head<T>({ column, sort }: { column: Column<T>; sort: Props<T>['sort'] }) {
  const { parts } = useTexts();
  const by = column.sort;
  const shared = {
    w: column.width,
    ta: column.align,
    ...(column.from ? { visibleFrom: column.from } : {}),
  };
  if (!by || !sort) {
    return (
      <Table.Th {...shared} scope="col">
        {column.headHidden ? <VisuallyHidden>{column.head}</VisuallyHidden> : column.head}
      </Table.Th>
    );
  }
  const now = sort.by === by.up ? 'ascending' : sort.by === by.down ? 'descending' : 'none';
  const Icon = { ascending: IconArrowUp, descending: IconArrowDown, none: IconArrowsSort }[now];
  const next = now === 'ascending' && by.down ? by.down : by.up;
  return (
    <Table.Th {...shared} scope="col" aria-sort={now}>
      <UnstyledButton
        className={styles.sort}
        aria-label={parts.sortBy(column.head)}
        onClick={() => sort.set(next)}
      >
        {column.head}
        <Icon size={14} aria-hidden opacity={now === 'none' ? 0.6 : 1} />
      </UnstyledButton>
    </Table.Th>
  );
}

/** Nothing to show, and what to do about it. */
export function Empty({
  title,
  text,
  action,
}: {
  title: string;
  text?: string;
  action?: ReactNode;
}) {
  return (
    <Center className={styles.empty}>
      <Stack align="center" gap="xs" maw="30rem">
        <Text fw={600} size="lg" ta="center">
          {title}
        </Text>
        {text && (
          <Text c="dimmed" ta="center">
            {text}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}
