import { Text, Timeline } from '@mantine/core';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { JOINED, type Order } from '../../orders';
import { Section } from '../../parts/Section';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

type Change = NonNullable<Order['history']>[number];

/** Every change of an order, oldest first. */
export function History({ order }: { order: Order }) {
  const { order: texts, reasons, refundReasons } = useTexts();
  const format = useFormats();
  const name = useChangeName();
  const known: Record<string, string> = { ...reasons, ...refundReasons };
  const history = order.history ?? [];
  return (
    <Section title={texts.history}>
      <Timeline active={history.length} bulletSize={14} lineWidth={2} role="list">
        {history.map((change, at) => (
          <Timeline.Item
            key={change.at + change.to + change.payment_status + change.amount?.amount}
            role="listitem"
            title={name(change, history[at - 1])}
          >
            {change.reason && change.reason !== JOINED && (
              <Text size="sm">{known[change.reason] ?? change.reason}</Text>
            )}
            <Text size="xs" c="dimmed">
              {format.time(change.at)}
              {change.by && ' · '}
              {change.by && <By by={change.by} />}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Section>
  );
}

/** Who made a change; of staff whoever may see accounts finds out who that is. */
function By({ by }: { by: NonNullable<Change['by']> }) {
  const { order: texts } = useTexts();
  const may = useMay();
  const names: Record<string, string> = texts.by;
  const name = names[by.kind] ?? by.kind;
  if (!by.user_id || !may('users:read')) return name;
  return (
    <TextLink size="xs" underline="always" to="/customers/$id" params={{ id: by.user_id }}>
      {name}
    </TextLink>
  );
}

/** What a change is called: a refund, the new status, else what happened to the money. */
function useChangeName() {
  const { order: texts, states } = useTexts();
  const format = useFormats();
  // What was given back in full had that for its status once.
  const status: Record<string, string> = { ...states.order, refunded: states.payment.refunded };
  const payment: Record<string, string> = states.orderPayment;
  return (change: Change, before: Change | undefined) => {
    if (!before) return texts.orderPlaced;
    if (change.reason === JOINED) return texts.joined;
    if (change.amount) return texts.amountRefunded(format.money(change.amount));
    if (change.to !== before.to) return status[change.to] ?? change.to;
    if (change.payment_status !== before.payment_status) {
      return texts.paymentStatus(payment[change.payment_status] ?? change.payment_status);
    }
    return texts.trackingChanged;
  };
}
