import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { type Column, DataTable } from '../../parts/DataTable';
import { Facts } from '../../parts/Facts';
import { usePages } from '../../parts/list';
import { useNotice } from '../../parts/notice';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { webhookTone } from '../../parts/states';
import { EVERY, nameOf, type Service } from '../../system';
import { useTexts } from '../../texts';
import { replayWebhook, type Webhook, webhooks } from '../../webhooks';

/** What providers have told a service, newest first, each to be looked at and applied again. */
export function Webhooks({ service }: { service: Service }) {
  const { system, parts } = useTexts();
  const may = useMay();
  const notice = useNotice();
  const queries = useQueryClient();
  const [shown, setShown] = useState<Webhook>();
  const queryKey = ['system', 'webhooks', service];
  const list = usePages(queryKey, (cursor) => webhooks(service, cursor), {
    refetchInterval: () => EVERY,
  });
  const again = useMutation({
    mutationFn: (webhook: Webhook) => replayWebhook(service, webhook),
    onSuccess: () => notice.done(system.webhookReplayed),
    onError: (error) => notice.failed(error),
    onSettled: () => {
      setShown(undefined);
      return queries.invalidateQueries({ queryKey });
    },
  });
  const title = system.webhooksOf(nameOf(system.names, service));
  return (
    <Section title={title}>
      <DataTable
        label={title}
        list={list}
        columns={useColumns(setShown)}
        id={(it) => it.id}
        empty={{ title: system.noWebhooks }}
      />
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={system.webhook}
        size="lg"
        closeButtonProps={{ 'aria-label': parts.close }}
      >
        {shown && (
          <Stack>
            <Details webhook={shown} />
            {may('system:write') && (
              <Group justify="flex-end">
                <Button loading={again.isPending} onClick={() => again.mutate(shown)}>
                  {system.replay}
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Modal>
    </Section>
  );
}

function Details({ webhook }: { webhook: Webhook }) {
  const { system, states } = useTexts();
  const format = useFormats();
  return (
    <>
      <Facts
        facts={[
          [system.event, webhook.type],
          [system.eventId, webhook.event_id],
          [system.provider, webhook.provider],
          [system.status, states.webhook[webhook.status]],
          [system.attempts, format.number(webhook.attempts)],
          [system.received, format.time(webhook.received_at)],
          [system.done, webhook.done_at && format.time(webhook.done_at)],
        ]}
      />
      {webhook.error && (
        <div>
          <Text size="sm" fw={600}>
            {system.error}
          </Text>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {webhook.error}
          </Text>
        </div>
      )}
      <Code block mah={320} tabIndex={0}>
        {JSON.stringify(webhook.payload, null, 2)}
      </Code>
    </>
  );
}

function useColumns(show: (webhook: Webhook) => void): Column<Webhook>[] {
  const { system, states } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'event',
      head: system.event,
      cell: (it) => (
        <>
          <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
            {it.type}
          </Text>
          <Text size="xs" c="dimmed">
            {it.provider}
          </Text>
        </>
      ),
    },
    {
      key: 'status',
      head: system.status,
      cell: (it) => (
        <StatusBadge tone={webhookTone[it.status]}>{states.webhook[it.status]}</StatusBadge>
      ),
    },
    {
      key: 'received',
      head: system.received,
      from: 'sm',
      cell: (it) => format.time(it.received_at),
    },
    {
      key: 'error',
      head: system.error,
      from: 'md',
      cell: (it) => (
        <Text size="sm" lineClamp={2} maw="24rem" style={{ overflowWrap: 'anywhere' }}>
          {it.error ?? '–'}
        </Text>
      ),
    },
    {
      key: 'show',
      head: system.details,
      headHidden: true,
      align: 'right',
      cell: (it) => (
        <Button
          size="xs"
          variant="default"
          aria-label={system.showOne(it.type)}
          onClick={() => show(it)}
        >
          {system.details}
        </Button>
      ),
    },
  ];
}
