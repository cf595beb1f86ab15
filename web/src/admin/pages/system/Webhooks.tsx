import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
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
import { Failure, Payload, ReceivedDialog, useReceivedColumns } from './received';

/** What providers have told a service, newest first, each to be looked at and applied again. */
export function Webhooks({ service }: { service: Service }) {
  const { system } = useTexts();
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
      <ReceivedDialog
        title={system.webhook}
        close={() => setShown(undefined)}
        replay={() => shown && again.mutate(shown)}
        busy={again.isPending}
      >
        {shown && <Details webhook={shown} />}
      </ReceivedDialog>
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
      {webhook.error && <Failure>{webhook.error}</Failure>}
      <Payload data={webhook.payload} />
    </>
  );
}

function useColumns(show: (webhook: Webhook) => void): Column<Webhook>[] {
  const { system, states } = useTexts();
  const format = useFormats();
  const { event, error, details } = useReceivedColumns<Webhook>((it) => it.provider, show, '–');
  return [
    event,
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
    error,
    details,
  ];
}
