/** Every change of a SKU's stock, newest first. */

import { Text } from '@mantine/core';

import { api, ok, type Schemas } from '../../../api/client';
import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

type Entry = Schemas['StockLedgerEntry'];

export function Ledger({ sku }: { sku: string }) {
  const { inventory: texts } = useTexts();
  const formats = useFormats();
  const list = usePages<Entry>(['inventory', 'ledger', sku], (cursor, signal) =>
    ok(
      api.GET('/api/v1/inventory/{sku}/ledger', {
        params: { path: { sku }, query: { limit: 30, ...(cursor ? { cursor } : {}) } },
        signal,
      }),
    ),
  );
  const signed = (count: number) =>
    count === 0 ? '–' : `${count > 0 ? '+' : '−'}${formats.number(Math.abs(count))}`;
  const columns: Column<Entry>[] = [
    { key: 'at', head: texts.date, cell: (it) => formats.time(it.at) },
    {
      key: 'kind',
      head: texts.change,
      cell: (it) => (
        <>
          {(texts.changes as Record<string, string>)[it.kind] ?? it.kind}
          <Reference reference={it.reference} />
          {it.reason && (
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {it.reason}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'on_hand',
      head: texts.onHand,
      align: 'right',
      cell: (it) => signed(it.delta_on_hand),
    },
    {
      key: 'allocated',
      head: texts.allocated,
      align: 'right',
      cell: (it) => signed(it.delta_allocated),
    },
    {
      key: 'reserved',
      head: texts.reserved,
      align: 'right',
      cell: (it) => signed(it.delta_reserved),
    },
  ];
  return (
    <DataTable
      label={texts.ledgerOf(sku)}
      list={list}
      columns={columns}
      id={(it) => `${it.version}`}
      empty={{ title: texts.noLedger }}
    />
  );
}

/** What a change was for; leads there, if one may go there. */
function Reference({ reference }: { reference: string }) {
  const { inventory: texts } = useTexts();
  const may = useMay();
  const [kind = '', id = ''] = reference.split(':');
  if (kind === 'order' && may('orders:read')) {
    return (
      <Text size="sm">
        <TextLink to="/orders/$id" params={{ id }}>
          {texts.references.order}
        </TextLink>
      </Text>
    );
  }
  const known: Record<string, string> = texts.references;
  return (
    <Text size="sm" c="dimmed">
      {known[kind] ?? reference}
    </Text>
  );
}
