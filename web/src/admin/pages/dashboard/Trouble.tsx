/** What went wrong and waits for somebody: messages nobody got, events nobody understood. */

import { Group, Skeleton, Text } from '@mantine/core';
import { queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { api, ok } from '../../../api/client';
import { useFormats } from '../../../format';
import { ErrorState } from '../../parts/ErrorState';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { TextLink } from '../../parts/TextLink';
import { outboxQuery, useServices } from '../../system';
import { useTexts } from '../../texts';

/** Failed ones are tried again; dead ones are given up. */
const messages = (status: 'failed' | 'dead') =>
  queryOptions({
    queryKey: ['messages', 'count', status],
    queryFn: () =>
      ok(
        api.GET('/api/v1/notifications/history', {
          params: { query: { status, limit: 1, count: true } },
        }),
      ),
  });

export function FailedMessages() {
  const { dashboard: texts } = useTexts();
  const formats = useFormats();
  const failed = useQuery(messages('failed'));
  const dead = useQuery(messages('dead'));
  const error = failed.error ?? dead.error;
  const again = () => {
    void failed.refetch();
    void dead.refetch();
  };
  const count = failed.data && dead.data && (failed.data.total ?? 0) + (dead.data.total ?? 0);
  return (
    <Section
      title={texts.failedMessages}
      actions={
        <TextLink to="/messages" aria-label={texts.viewAllOf(texts.failedMessages)}>
          {texts.viewAll}
        </TextLink>
      }
    >
      <Body error={error} again={again} ready={count !== undefined}>
        {count === 0 ? (
          <Text c="dimmed">{texts.noFailedMessages}</Text>
        ) : (
          <Group gap="xs">
            {(failed.data?.total ?? 0) > 0 && (
              <StatusBadge tone="warn">
                {texts.retrying(formats.number(failed.data?.total ?? 0))}
              </StatusBadge>
            )}
            {(dead.data?.total ?? 0) > 0 && (
              <StatusBadge tone="bad">
                {texts.failed(formats.number(dead.data?.total ?? 0))}
              </StatusBadge>
            )}
          </Group>
        )}
      </Body>
    </Section>
  );
}

export function DeadLetters() {
  const { dashboard: texts } = useTexts();
  const formats = useFormats();
  const all = useQueries({ queries: useServices().map((it) => outboxQuery(it)) });
  const error = all.find((it) => it.error)?.error;
  const ready = all.length > 0 && all.every((it) => it.data);
  const sum = (of: 'waiting' | 'dead_letters') =>
    all.reduce((sum, it) => sum + (it.data?.[of] ?? 0), 0);
  return (
    <Section
      title={texts.events}
      actions={
        <TextLink to="/system" aria-label={texts.viewAllOf(texts.events)}>
          {texts.viewAll}
        </TextLink>
      }
    >
      <Body error={error} again={() => all.forEach((it) => void it.refetch())} ready={ready}>
        <Group gap="xs">
          <StatusBadge tone={sum('dead_letters') > 0 ? 'bad' : 'good'}>
            {texts.deadLetters(formats.number(sum('dead_letters')))}
          </StatusBadge>
          <StatusBadge tone="quiet">{texts.waiting(formats.number(sum('waiting')))}</StatusBadge>
        </Group>
      </Body>
    </Section>
  );
}

type BodyProps = { error: unknown; again: () => void; ready: boolean; children: ReactNode };

function Body({ error, again, ready, children }: BodyProps) {
  if (ready) return children;
  if (error) return <ErrorState error={error} again={again} />;
  return <Skeleton h={24} w="60%" />;
}
