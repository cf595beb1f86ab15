import { Button, Text } from '@mantine/core';
import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { useConfirm } from '../../parts/confirm';
import { type Column, DataTable } from '../../parts/DataTable';
import { useNotice } from '../../parts/notice';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { type Queue, queuesQuery, replayQueue, type Service, useServices } from '../../system';
import { useTexts } from '../../texts';

type Row = Queue & { service: Service };

/** All that the services work on later, and what they gave up. */
export function Queues() {
  const { system } = useTexts();
  const notice = useNotice();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const [busy, setBusy] = useState<string>();
  const services = useServices();
  const queues = useQueries({ queries: services.map(queuesQuery) });
  const asked = queues.length > 0 && queues.every((it) => !it.isPending);
  const rows = queues.flatMap(({ data = [] }, at) => {
    const service = services[at];
    return service ? data.map((it): Row => ({ ...it, service })) : [];
  });
  const failed = queues.find((it) => it.error && !it.data);

  const again = async (row: Row) => {
    const { title, text, yes } = system.replayQueueDialog;
    if (!(await confirm({ title: title(row.dead, row.name), text, yes }))) return;
    setBusy(row.name);
    try {
      const { replayed } = await replayQueue(row.service, row);
      notice.done(system.jobsReplayed(replayed));
    } catch (error) {
      notice.failed(error);
    }
    setBusy(undefined);
    await queries.invalidateQueries({ queryKey: ['system'] });
  };
  return (
    <Section title={system.queues}>
      <DataTable
        label={system.queues}
        list={{
          rows: asked && (rows.length > 0 || !failed) ? rows : undefined,
          error: rows.length > 0 ? null : (failed?.error ?? null),
          again: () => void queries.invalidateQueries({ queryKey: ['system', 'queues'] }),
        }}
        columns={useColumns(busy, (row) => void again(row))}
        id={(it) => it.name}
        empty={{ title: system.noQueues }}
      />
    </Section>
  );
}

function useColumns(busy: string | undefined, replay: (row: Row) => void): Column<Row>[] {
  const { system } = useTexts();
  const format = useFormats();
  const may = useMay();
  return [
    {
      key: 'queue',
      head: system.queue,
      cell: (it) => (
        <Text size="sm" ff="monospace">
          {it.name}
        </Text>
      ),
    },
    {
      key: 'waiting',
      head: system.waitingItems,
      align: 'right',
      cell: (it) => format.number(it.waiting),
    },
    {
      key: 'oldest',
      head: system.latency,
      align: 'right',
      from: 'sm',
      cell: (it) => system.seconds(format.number(Math.round(it.oldest_seconds))),
    },
    {
      key: 'running',
      head: system.running,
      align: 'right',
      from: 'sm',
      cell: (it) => format.number(it.running),
    },
    {
      key: 'dead',
      head: system.failed,
      align: 'right',
      cell: (it) =>
        it.dead > 0 ? <StatusBadge tone="bad">{format.number(it.dead)}</StatusBadge> : '0',
    },
    {
      key: 'replay',
      head: system.replay,
      headHidden: true,
      align: 'right',
      cell: (it) =>
        it.dead > 0 &&
        may('system:write') && (
          <Button
            size="xs"
            variant="default"
            aria-label={system.replayQueue(it.name)}
            loading={busy === it.name}
            onClick={() => replay(it)}
          >
            {system.replay}
          </Button>
        ),
    },
  ];
}
