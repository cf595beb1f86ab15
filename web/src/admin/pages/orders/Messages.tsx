import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { messagesOfOrderQuery } from '../../messages';
import { Loaded } from '../../parts/Loaded';
import { PlainTable } from '../../parts/PlainTable';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { messageTone } from '../../parts/states';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

/** The messages sent about an order. */
export function Messages({ order }: { order: string }) {
  const { order: texts, messages, states } = useTexts();
  const format = useFormats();
  const query = useQuery(messagesOfOrderQuery(order));
  return (
    <Section title={texts.messages}>
      <Loaded query={query} height={120}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              {texts.noMessages}
            </Text>
          ) : (
            <PlainTable
              label={texts.messages}
              head={[messages.subject, messages.status, messages.created]}
              rows={items.map((it) => ({
                key: it.id,
                cells: [
                  <TextLink key="subject" to="/messages/$id" params={{ id: it.id }}>
                    {it.subject || it.body.slice(0, 60) || messages.noSubject}
                  </TextLink>,
                  <StatusBadge key="status" tone={messageTone[it.status]}>
                    {states.message[it.status]}
                  </StatusBadge>,
                  format.time(it.created_at),
                ],
              }))}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
