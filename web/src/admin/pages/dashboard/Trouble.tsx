/** What went wrong and waits for somebody: messages nobody got, events nobody understood. */

import { Group, Skeleton, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { useFormats } from '../../../format';
import { COUNTED_DAYS, type MessageStatus, messageCountsQuery } from '../../messages';
import { ErrorState } from '../../parts/ErrorState';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { TextLink } from '../../parts/TextLink';
import { outboxQuery, useServices } from '../../system';
import { useTexts } from '../../texts';

/** What nobody got, worst first. */
const BAD = ['failed', 'bounced', 'complained'] as const satisfies MessageStatus[];

export function FailedMessages() {
  const { dashboard: texts, messages, states } = useTexts();
  const formats = useFormats();
  const { data, error, refetch } = useQuery(messageCountsQuery);
  const bad = BAD.filter((it) => (data?.[it] ?? 0) > 0);
  return (
    <Section
      title={texts.messages}
      actions={
        <TextLink to="/messages" aria-label={texts.viewAllOf(texts.messages)}>
          {texts.viewAll}
        </TextLink>
      }
    >
      <Body error={error} again={() => void refetch()} ready={data !== undefined}>
        {bad.length === 0 ? (
          <Text c="dimmed">{texts.noFailedMessages(COUNTED_DAYS)}</Text>
        ) : (
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              {messages.lastDays(COUNTED_DAYS)}
            </Text>
            {bad.map((status) => (
              <TextLink key={status} to="/messages" search={{ status }}>
                <StatusBadge tone="bad">
                  {messages.counted(states.message[status], formats.number(data?.[status] ?? 0))}
                </StatusBadge>
              </TextLink>
            ))}
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
