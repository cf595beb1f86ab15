/** What is held for orders and users, which ends first first; and freeing it. */

import { Button, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../../api/client';
import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { useConfirm } from '../../parts/confirm';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { useNotice } from '../../parts/notice';
import { StatusBadge } from '../../parts/StatusBadge';
import { holdTone } from '../../parts/states';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

type Hold = Schemas['StockHold'];

/** Lines shown of one hold. */
const LINES = 4;

/** All holds, or those of a SKU. */
export function Holds({ sku }: { sku: string | undefined }) {
  const { inventory: texts } = useTexts();
  const list = usePages<Hold>(['inventory', 'holds', sku], (cursor, signal) =>
    ok(
      api.GET('/api/v1/holds', {
        params: {
          query: { limit: 30, ...(sku ? { sku } : {}), ...(cursor ? { cursor } : {}) },
        },
        signal,
      }),
    ),
  );
  return (
    <DataTable
      label={sku ? texts.reservationsOf(sku) : texts.reservations}
      list={list}
      columns={useColumns()}
      id={(it) => it.id}
      empty={{ title: texts.noReservations, text: texts.noReservationsText }}
    />
  );
}

function useColumns(): Column<Hold>[] {
  const { inventory: texts } = useTexts();
  const formats = useFormats();
  return [
    {
      key: 'whose',
      head: texts.reservedFor,
      cell: (it) => (
        <>
          <Whose hold={it} />
          <StatusBadge tone={holdTone[it.state]}>{texts.reservationStates[it.state]}</StatusBadge>
        </>
      ),
    },
    {
      key: 'units',
      head: texts.units,
      cell: (it) => (
        <>
          {formats.number(it.units)}
          {it.lines.slice(0, LINES).map((line) => (
            <Text key={line.sku} size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {formats.number(line.quantity)} × {line.sku}
            </Text>
          ))}
          {it.lines.length > LINES && (
            <Text size="sm" c="dimmed">
              {texts.moreLines(it.lines.length - LINES)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'until',
      head: texts.expires,
      cell: (it) => (
        <>
          {formats.time(it.until)}
          {it.since && (
            <Text size="sm" c="dimmed">
              {texts.since(formats.time(it.since))}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'free',
      head: texts.release,
      headHidden: true,
      align: 'right',
      cell: (it) => <Free hold={it} />,
    },
  ];
}

/** The order, if one may go there; else what it is. */
function Whose({ hold }: { hold: Hold }) {
  const { inventory: texts } = useTexts();
  const may = useMay();
  if (hold.order_id && may('orders:read')) {
    return (
      <Text size="sm">
        <TextLink to="/orders/$id" params={{ id: hold.order_id }}>
          {texts.references.order}
        </TextLink>
      </Text>
    );
  }
  return (
    <Text size="sm">{hold.order_id ? texts.references.order : texts.customerWithoutOrder}</Text>
  );
}

function Free({ hold }: { hold: Hold }) {
  const { inventory: texts } = useTexts();
  const confirm = useConfirm();
  const notice = useNotice();
  const queries = useQueryClient();
  const free = useMutation({
    mutationFn: () => ok(api.DELETE('/api/v1/holds/{id}', { params: { path: { id: hold.id } } })),
    onSuccess: () => notice.done(texts.released(hold.units)),
    onError: (error) => notice.failed(error),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['inventory'] });
      void queries.invalidateQueries({ queryKey: ['products'] });
    },
  });
  const ask = async () => {
    const text = hold.order_id ? texts.releaseOrderText : texts.releaseOwnText;
    if (await confirm({ title: texts.releaseTitle, text, yes: texts.release, danger: true }))
      free.mutate();
  };
  return (
    <Button
      variant="default"
      size="compact-sm"
      loading={free.isPending}
      aria-label={texts.releaseUnits(hold.units)}
      onClick={() => void ask()}
    >
      {texts.release}
    </Button>
  );
}
