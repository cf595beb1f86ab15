/** The payment providers that are on, and how the shop's calls of them have gone. */

import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { type Column, DataTable } from '../../parts/DataTable';
import { Section } from '../../parts/Section';
import { StatusBadge, type Tone } from '../../parts/StatusBadge';
import { type PaymentProvider, providersQuery } from '../../system';
import { useTexts } from '../../texts';

type Standing = 'refused' | 'failing' | 'answering' | 'unknown';

const tones: Record<Standing, Tone> = {
  refused: 'bad',
  failing: 'warn',
  answering: 'good',
  unknown: 'quiet',
};

export function PaymentProviders() {
  const { system } = useTexts();
  const may = useMay();
  const query = useQuery({ ...providersQuery, enabled: may('payments:read') });
  const columns = useColumns();
  if (!may('payments:read')) return null;
  const refused = query.data?.filter((it) => it.health?.keys_refused) ?? [];
  return (
    <Section title={system.providers}>
      {refused.map((it) => (
        <Alert key={it.name} role="alert" color="red" title={system.keysRefused(nameOf(it))}>
          {system.keysRefusedText}
        </Alert>
      ))}
      <DataTable
        label={system.providers}
        list={{
          rows: query.data,
          error: query.data ? null : query.error,
          again: () => void query.refetch(),
        }}
        columns={columns}
        id={(it) => it.name}
        empty={{ title: system.noProviders }}
      />
    </Section>
  );
}

/** What it calls itself: their names are words, too. */
function nameOf({ name }: PaymentProvider): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** How it stands, by what came last; unknown where nobody was called yet. */
function standingOf({ health }: PaymentProvider): Standing {
  if (!health) return 'answering';
  if (health.keys_refused) return 'refused';
  const [answer, failure] = [health.last_answer_at ?? '', health.last_failure_at ?? ''].map((it) =>
    Date.parse(it),
  );
  if (failure && !(answer && answer >= failure)) return 'failing';
  return answer ? 'answering' : 'unknown';
}

function useColumns(): Column<PaymentProvider>[] {
  const { system } = useTexts();
  const format = useFormats();
  const time = (at: string | null | undefined) => (at ? format.time(at) : '–');
  return [
    {
      key: 'name',
      head: system.provider,
      cell: (it) => (
        <>
          <Text size="sm" fw={500}>
            {nameOf(it)}
          </Text>
          {it.test && (
            <Text size="xs" c="dimmed">
              {system.testProvider}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'standing',
      head: system.health,
      cell: (it) => {
        const standing = standingOf(it);
        return <StatusBadge tone={tones[standing]}>{system.standings[standing]}</StatusBadge>;
      },
    },
    {
      key: 'answer',
      head: system.lastAnswer,
      from: 'sm',
      cell: (it) => time(it.health?.last_answer_at),
    },
    {
      key: 'failure',
      head: system.lastFailure,
      from: 'sm',
      cell: (it) => (
        <>
          {time(it.health?.last_failure_at)}
          {it.health?.last_failure && (
            <Text size="xs" c="dimmed" maw="24rem">
              {it.health.last_failure}
            </Text>
          )}
        </>
      ),
    },
  ];
}
