/** How the messages of the last days stand, each number leading to its messages. */

import { Group, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { COUNTED_DAYS, MESSAGE_STATUSES, messageCountsQuery } from '../../messages';
import { ErrorState } from '../../parts/ErrorState';
import { StatusBadge } from '../../parts/StatusBadge';
import { messageTone } from '../../parts/states';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

export function Counts() {
  const { messages, states } = useTexts();
  const format = useFormats();
  const { data, error, refetch } = useQuery(messageCountsQuery);
  if (error && !data) return <ErrorState error={error} again={() => void refetch()} />;
  const some = MESSAGE_STATUSES.filter((it) => (data?.[it] ?? 0) > 0);
  return (
    <Group gap="xs" mih={28}>
      <Text size="sm" c="dimmed">
        {messages.lastDays(COUNTED_DAYS)}
      </Text>
      {!data && <Skeleton w={220} h={20} />}
      {data && some.length === 0 && <Text size="sm">{messages.noneCounted}</Text>}
      {some.map((status) => (
        <TextLink key={status} to="/messages" search={{ status }}>
          <StatusBadge tone={messageTone[status]}>
            {messages.counted(states.message[status], format.number(data?.[status] ?? 0))}
          </StatusBadge>
        </TextLink>
      ))}
    </Group>
  );
}
