import { Code, Collapse, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';

import { useFormats } from '../../../format';
import { Loaded } from '../../parts/Loaded';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { eventsQuery, type OrderEvent } from '../../system';
import { useTexts } from '../../texts';

/** What the other parts of the shop were told about an order. */
export function Events({ order }: { order: string }) {
  const { order: texts } = useTexts();
  const query = useQuery(eventsQuery(order));
  return (
    <Section title={texts.events}>
      <Loaded query={query} height={120}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              {texts.noEvents}
            </Text>
          ) : (
            <Stack gap={0} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {items.map((event) => (
                <Event key={event.id} event={event} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Section>
  );
}

function Event({ event }: { event: OrderEvent }) {
  const { order: texts } = useTexts();
  const format = useFormats();
  const [open, { toggle }] = useDisclosure();
  const id = useId();
  const Icon = open ? IconChevronDown : IconChevronRight;
  return (
    <li>
      <UnstyledButton onClick={toggle} aria-expanded={open} aria-controls={id} w="100%" py={6}>
        <Group gap="xs" wrap="nowrap">
          <Icon size={16} aria-hidden style={{ flexShrink: 0 }} />
          <Text size="sm" ff="monospace" flex={1} style={{ overflowWrap: 'anywhere' }}>
            {event.type}
          </Text>
          {!event.sent_at && <StatusBadge tone="warn">{texts.eventPending}</StatusBadge>}
          <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
            {format.time(event.time)}
          </Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={open} id={id}>
        {open && (
          <Code block mb="xs" tabIndex={0}>
            {JSON.stringify(event.data, null, 2)}
          </Code>
        )}
      </Collapse>
    </li>
  );
}
