import { Text, Timeline } from '@mantine/core';

import { useFormats } from '../../../format';
import type { Order } from '../../orders';
import { Section } from '../../parts/Section';
import { useTexts } from '../../texts';

type Change = NonNullable<Order['history']>[number];

/** Every change of an order, oldest first. */
export function History({ order }: { order: Order }) {
  const { order: texts, reasons } = useTexts();
  const format = useFormats();
  const name = useChangeName();
  const known: Record<string, string> = reasons;
  const history = order.history ?? [];
  return (
    <Section title={texts.history}>
      <Timeline active={history.length} bulletSize={14} lineWidth={2} role="list">
        {history.map((change, at) => (
          <Timeline.Item
            key={change.at + change.to + change.payment_status}
            role="listitem"
            title={name(change, history[at - 1])}
          >
            {change.reason && <Text size="sm">{known[change.reason] ?? change.reason}</Text>}
            <Text size="xs" c="dimmed">
              {format.time(change.at)}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Section>
  );
}

/** What a change is called: the new status, else what happened to the money. */
function useChangeName() {
  const { order: texts, states } = useTexts();
  const status: Record<string, string> = states.order;
  const payment: Record<string, string> = states.orderPayment;
  return (change: Change, before: Change | undefined) => {
    if (!before) return texts.placedIt;
    if (change.to !== before.to) return status[change.to] ?? change.to;
    if (change.payment_status !== before.payment_status) {
      return texts.paymentBecame(payment[change.payment_status] ?? change.payment_status);
    }
    return texts.trackingChanged;
  };
}
