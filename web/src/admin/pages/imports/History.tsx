/** The imports there were. */

import { api, ok } from '../../../api/client';
import { useFormats } from '../../../format';
import type { Import } from '../../catalog';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { RowLink } from '../../parts/RowLink';
import { StatusBadge } from '../../parts/StatusBadge';
import { useTexts } from '../../texts';
import { isOver, tones } from './imports';

export function History({ shown }: { shown: string | undefined }) {
  const { imports: texts } = useTexts();
  const formats = useFormats();
  const list = usePages<Import>(
    ['imports', 'list'],
    (cursor) =>
      ok(
        api.GET('/api/v1/products/imports', {
          params: { query: { limit: 10, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    // Those that are under way move on.
    { refetchInterval: (items) => (items.every(isOver) ? false : 3_000) },
  );
  const columns: Column<Import>[] = [
    {
      key: 'file',
      head: texts.file,
      cell: (it) => (
        <RowLink
          to="/import"
          search={{ id: it.id }}
          {...(it.id === shown ? { 'aria-current': 'true' as const } : {})}
        >
          {it.file_name || texts.unnamed}
        </RowLink>
      ),
    },
    {
      key: 'state',
      head: texts.status,
      cell: (it) => <StatusBadge tone={tones[it.state]}>{texts.statuses[it.state]}</StatusBadge>,
    },
    {
      key: 'created',
      head: texts.outcome.created,
      align: 'right',
      cell: (it) => formats.number(it.created),
    },
    {
      key: 'updated',
      head: texts.outcome.updated,
      align: 'right',
      cell: (it) => formats.number(it.updated),
    },
    {
      key: 'failed',
      head: texts.outcome.failed,
      align: 'right',
      cell: (it) => formats.number(it.failed),
    },
    { key: 'when', head: texts.started, cell: (it) => formats.time(it.created_at) },
  ];
  return (
    <DataTable
      label={texts.history}
      list={list}
      columns={columns}
      id={(it) => it.id}
      minWidth={620}
      empty={{ title: texts.noHistory, text: texts.noHistoryText }}
    />
  );
}
