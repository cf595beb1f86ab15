/** Who delivers the shop's messages, channel by channel, and whether they can at the moment. */

import { Code, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { type ChannelProviders, messageProvidersQuery, providerNames } from '../../messages';
import { type Column, DataTable } from '../../parts/DataTable';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { useTexts } from '../../texts';

type Row = {
  channel: ChannelProviders['channel'];
  setting: string;
  /** None where messages of the channel are only logged. */
  provider: ChannelProviders['providers'][number] | undefined;
};

export function MessageProviders() {
  const { system } = useTexts();
  const may = useMay();
  const query = useQuery({ ...messageProvidersQuery, enabled: may('notifications:read') });
  const columns = useColumns();
  if (!may('notifications:read')) return null;
  const rows = query.data?.flatMap(({ channel, setting, providers }): Row[] =>
    providers.length === 0
      ? [{ channel, setting, provider: undefined }]
      : providers.map((provider) => ({ channel, setting, provider })),
  );
  return (
    <Section title={system.messageProviders}>
      <DataTable
        label={system.messageProviders}
        list={{ rows, error: rows ? null : query.error, again: () => void query.refetch() }}
        columns={columns}
        id={(it) => `${it.channel} ${it.provider?.provider}`}
        empty={{ title: system.noMessageProviders }}
      />
    </Section>
  );
}

function useColumns(): Column<Row>[] {
  const { system, states } = useTexts();
  const format = useFormats();
  return [
    { key: 'channel', head: system.channel, cell: (it) => states.channel[it.channel] },
    {
      key: 'provider',
      head: system.provider,
      cell: ({ provider, setting }) =>
        provider ? providerNames[provider.provider] : <Code>{setting}</Code>,
    },
    {
      key: 'standing',
      head: system.health,
      cell: ({ provider }) => {
        if (!provider) return <StatusBadge tone="warn">{system.onlyLogged}</StatusBadge>;
        return provider.available ? (
          <StatusBadge tone="good">{system.available}</StatusBadge>
        ) : (
          <StatusBadge tone="bad">{system.unavailable}</StatusBadge>
        );
      },
    },
    {
      key: 'failure',
      head: system.lastFailure,
      from: 'sm',
      cell: ({ provider }) => (
        <>
          {provider?.last_error_at ? format.time(provider.last_error_at) : '–'}
          {provider?.last_error && (
            <Text size="xs" c="dimmed" maw="24rem" style={{ overflowWrap: 'anywhere' }}>
              {provider.last_error}
            </Text>
          )}
        </>
      ),
    },
  ];
}
