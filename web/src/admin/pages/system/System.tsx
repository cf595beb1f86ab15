/** How the running shop is: its services, what they still have to tell, what nobody could handle. */

import { Alert, Group, Stack, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { type Column, DataTable } from '../../parts/DataTable';
import { PageHead } from '../../parts/PageHead';
import { StatusBadge } from '../../parts/StatusBadge';
import { healthTone } from '../../parts/states';
import {
  EVERY,
  type Health,
  healthQuery,
  nameOf,
  outboxQuery,
  type Service,
  useServices,
} from '../../system';
import { useTexts } from '../../texts';
import { takesWebhooksQuery } from '../../webhooks';
import { DeadLetters } from './DeadLetters';
import { MessageProviders } from './MessageProviders';
import { PaymentProviders } from './PaymentProviders';
import { Queues } from './Queues';
import { Webhooks } from './Webhooks';

type Row = {
  service: Service;
  health: Health['services'][string] | undefined;
  waiting: number | undefined;
  oldest: string | null | undefined;
  dead: number | undefined;
};

export function System() {
  const { system, shell, states } = useTexts();
  const format = useFormats();
  const health = useQuery(healthQuery);
  const services = useServices();
  const outboxes = useQueries({ queries: services.map(outboxQuery) });
  const told = useQueries({ queries: services.map(takesWebhooksQuery) });
  const columns = useColumns();
  const rows =
    health.data &&
    services.map(
      (service, at): Row => ({
        service,
        health: health.data.services[service],
        waiting: outboxes[at]?.data?.waiting,
        oldest: outboxes[at]?.data?.oldest_at,
        dead: outboxes[at]?.data?.dead_letters,
      }),
    );
  const withLetters = rows?.filter((it) => it.dead).map((it) => it.service) ?? [];
  const shop = health.data;
  return (
    <>
      <PageHead
        title={shell.system}
        badge={
          shop && (
            <StatusBadge tone={healthTone[shop.status]}>{states.health[shop.status]}</StatusBadge>
          )
        }
      />
      <Stack gap="lg">
        {health.isError && shop && (
          <Alert color="orange" variant="light" role="alert">
            {system.notResponding(format.time(shop.timestamp))}
          </Alert>
        )}
        <DataTable
          label={system.services}
          list={{
            rows,
            error: shop ? null : health.error,
            again: () => void health.refetch(),
          }}
          columns={columns}
          id={(it) => it.service}
          empty={{ title: system.noServices }}
        />
        <Group justify="space-between" gap="xs">
          <Text size="sm" c="dimmed">
            {system.refreshed(EVERY / 1_000)}
          </Text>
          {shop && (
            <Text size="sm" c="dimmed">
              {system.asOf(format.time(shop.timestamp))}
            </Text>
          )}
        </Group>
        <PaymentProviders />
        <MessageProviders />
        <Queues />
        {services.map((it, at) => told[at]?.data && <Webhooks key={it} service={it} />)}
        {withLetters.map((service) => (
          <DeadLetters key={service} service={service} />
        ))}
        {rows?.every((it) => it.dead === 0) && (
          <Text size="sm" c="dimmed">
            {system.noDeadLetters}
          </Text>
        )}
      </Stack>
    </>
  );
}

function useColumns(): Column<Row>[] {
  const { system, states } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'service',
      head: system.service,
      cell: (it) => (
        <>
          <Text size="sm" fw={500}>
            {nameOf(system.names, it.service)}
          </Text>
          <Text size="xs" c="dimmed" hiddenFrom="sm">
            {it.health?.version}
          </Text>
        </>
      ),
    },
    {
      key: 'health',
      head: system.health,
      cell: (it) => {
        const status = it.health?.status ?? 'unhealthy';
        return <StatusBadge tone={healthTone[status]}>{states.health[status]}</StatusBadge>;
      },
    },
    { key: 'version', head: system.version, from: 'sm', cell: (it) => it.health?.version ?? '–' },
    {
      key: 'database',
      head: system.database,
      from: 'md',
      cell: (it) => (it.health?.database_kind ? system.databases(it.health.database_kind) : '–'),
    },
    {
      key: 'time',
      head: system.responseTime,
      align: 'right',
      from: 'sm',
      cell: (it) => (it.health ? system.ms(format.number(round(it.health.response_time_ms))) : '–'),
    },
    {
      key: 'waiting',
      head: system.waitingEvents,
      align: 'right',
      cell: (it) => (
        <>
          {it.waiting === undefined ? '–' : format.number(it.waiting)}
          {it.oldest && (
            <Text size="xs" c="dimmed">
              {system.oldest(format.time(it.oldest))}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'dead',
      head: system.deadLetters,
      align: 'right',
      cell: (it) =>
        it.dead ? (
          <StatusBadge tone="bad">{format.number(it.dead)}</StatusBadge>
        ) : (
          (it.dead?.toString() ?? '–')
        ),
    },
  ];
}

const round = (ms: number) => (ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms));
