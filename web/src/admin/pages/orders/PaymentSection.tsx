/** How an order was paid: where the money is, what the provider was asked, what went back. */

import { Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { Schemas } from '../../../api/client';
import { useFormats } from '../../../format';
import { useMay } from '../../may';
import {
  attemptsQuery,
  ledgerQuery,
  type OrderPaymentStatus,
  type Payment,
  paymentQuery,
  type Refund,
  refundsQuery,
} from '../../orders';
import { Facts } from '../../parts/Facts';
import { Loaded } from '../../parts/Loaded';
import { PlainTable } from '../../parts/PlainTable';
import { Section } from '../../parts/Section';
import { StatusBadge, type Tone } from '../../parts/StatusBadge';
import {
  operationTone,
  orderPaymentTone,
  paymentTone,
  refundTone,
  webhookTone,
} from '../../parts/states';
import { useTexts } from '../../texts';
import { disputesOf, type PaymentWebhook, webhooksOf } from '../../webhooks';
import { Disputes } from './Disputes';

type Props = { order: string; id: string; status: OrderPaymentStatus };

/** Who may not see payments is told no more than the order tells. */
export function PaymentSection({ order, id, status }: Props) {
  const { order: texts, states } = useTexts();
  const may = useMay();
  if (may('payments:read')) return <Details order={order} id={id} />;
  return (
    <Section title={texts.payment}>
      <StatusBadge tone={orderPaymentTone[status]}>{states.orderPayment[status]}</StatusBadge>
    </Section>
  );
}

function Details({ order, id }: { order: string; id: string }) {
  const { order: texts, states } = useTexts();
  const query = useQuery(paymentQuery(id));
  const { data: attempts } = useQuery(attemptsQuery(order));
  const earlier = attempts?.items.filter((it) => it.id !== id) ?? [];
  const status = query.data?.status;
  return (
    <Section
      title={texts.payment}
      actions={
        status && <StatusBadge tone={paymentTone[status]}>{states.payment[status]}</StatusBadge>
      }
    >
      <Loaded query={query} height={260}>
        {(payment) => (
          <Stack gap="sm">
            <Numbers payment={payment} />
            <Tabs defaultValue="operations" keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="operations">{texts.operations}</Tabs.Tab>
                <Tabs.Tab value="refunds">{texts.refunds}</Tabs.Tab>
                <Tabs.Tab value="ledger">{texts.ledger}</Tabs.Tab>
                {disputesOf(payment).length > 0 && (
                  <Tabs.Tab value="disputes">{texts.disputes}</Tabs.Tab>
                )}
                {webhooksOf(payment).length > 0 && (
                  <Tabs.Tab value="webhooks">{texts.webhooks}</Tabs.Tab>
                )}
                {earlier.length > 0 && (
                  <Tabs.Tab value="earlier">{texts.previousPayments}</Tabs.Tab>
                )}
              </Tabs.List>
              <Tabs.Panel value="operations" pt="xs">
                <Operations payment={payment} />
              </Tabs.Panel>
              <Tabs.Panel value="refunds" pt="xs">
                <Refunds id={id} />
              </Tabs.Panel>
              <Tabs.Panel value="ledger" pt="xs">
                <Ledger id={id} />
              </Tabs.Panel>
              <Tabs.Panel value="disputes" pt="xs">
                <Disputes disputes={disputesOf(payment)} />
              </Tabs.Panel>
              <Tabs.Panel value="webhooks" pt="xs">
                <Webhooks webhooks={webhooksOf(payment)} />
              </Tabs.Panel>
              <Tabs.Panel value="earlier" pt="xs">
                <Earlier payments={earlier} />
              </Tabs.Panel>
            </Tabs>
          </Stack>
        )}
      </Loaded>
    </Section>
  );
}

function Numbers({ payment }: { payment: Payment }) {
  const { order: texts, reasons } = useTexts();
  const format = useFormats();
  const known: Record<string, string> = reasons;
  return (
    <Facts
      facts={[
        [texts.amount, format.money(payment.amount)],
        [texts.captured, format.money(payment.captured)],
        [texts.refunded, payment.refunded.amount > 0 && format.money(payment.refunded)],
        [texts.declineReason, payment.reason && (known[payment.reason] ?? payment.reason)],
        [texts.provider, payment.provider],
        [texts.reference, payment.reference],
      ]}
    />
  );
}

function Operations({ payment }: { payment: Payment }) {
  const { order: texts, states } = useTexts();
  const format = useFormats();
  return (
    <PlainTable
      label={texts.operations}
      head={[texts.operation, texts.status, texts.amount, texts.failedAttempts, texts.date]}
      right={[2, 3]}
      rows={payment.operations.map((it) => ({
        key: it.id,
        cells: [
          states.operationKind[it.kind],
          <StatusBadge key="state" tone={operationTone[it.state]}>
            {states.operation[it.state]}
          </StatusBadge>,
          format.money(it.amount),
          format.number(it.failed_attempts),
          format.time(it.settled_at ?? it.created_at),
        ],
      }))}
    />
  );
}

function Refunds({ id }: { id: string }) {
  const { order: texts, states, reasons, refundReasons } = useTexts();
  const format = useFormats();
  const known: Record<string, string> = { ...reasons, ...refundReasons };
  return (
    <Loaded query={useQuery(refundsQuery(id))} height={80}>
      {({ items }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed" py="xs">
            {texts.noRefunds}
          </Text>
        ) : (
          <PlainTable
            label={texts.refunds}
            head={[texts.date, texts.status, texts.amount, texts.refundLines, texts.refundReason]}
            right={[2]}
            rows={items.map((it) => ({
              key: it.id,
              cells: [
                format.time(it.created_at),
                <StatusBadge key="state" tone={refundTone[it.status]}>
                  {states.refund[it.status]}
                </StatusBadge>,
                format.money(it.amount),
                unitsOf(it) || (it.restock && texts.refundDialog.restockAll),
                [known[it.reason] ?? it.reason, it.note, it.failure].filter(Boolean).join(' – '),
              ],
            }))}
          />
        )
      }
    </Loaded>
  );
}

/** The units a refund is for, those that went back into stock marked. */
function unitsOf({ lines }: Refund): string {
  return lines.map((it) => `${it.quantity} × ${it.sku}${it.restock ? ' ↩' : ''}`).join(', ');
}

function Ledger({ id }: { id: string }) {
  const { order: texts } = useTexts();
  const format = useFormats();
  return (
    <Loaded query={useQuery(ledgerQuery(id))} height={120}>
      {({ items }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed" py="xs">
            {texts.noLedger}
          </Text>
        ) : (
          <PlainTable
            label={texts.ledger}
            head={[texts.date, texts.ledgerAccount, texts.debit, texts.credit]}
            right={[2, 3]}
            rows={items.map((it) => ({
              key: it.transaction_id + it.account,
              cells: [
                format.time(it.created_at),
                it.account,
                it.amount.amount >= 0 ? format.money(it.amount) : '',
                it.amount.amount < 0
                  ? format.money({ ...it.amount, amount: -it.amount.amount })
                  : '',
              ],
            }))}
          />
        )
      }
    </Loaded>
  );
}

/** What the provider has told of it. */
function Webhooks({ webhooks }: { webhooks: PaymentWebhook[] }) {
  const { order: texts, states } = useTexts();
  const format = useFormats();
  const names: Record<string, string> = states.webhook;
  const tones: Record<string, Tone> = webhookTone;
  return (
    <PlainTable
      label={texts.webhooks}
      head={[texts.date, texts.webhookType, texts.status, texts.webhookError]}
      rows={webhooks.map((it) => ({
        key: it.id,
        cells: [
          format.time(it.received_at),
          it.type,
          <StatusBadge key="status" tone={tones[it.status] ?? 'quiet'}>
            {names[it.status] ?? it.status}
          </StatusBadge>,
          it.error ?? '–',
        ],
      }))}
    />
  );
}

/** What was tried before the payment that counts. */
function Earlier({ payments }: { payments: Schemas['Payment'][] }) {
  const { order: texts, states, reasons } = useTexts();
  const format = useFormats();
  const known: Record<string, string> = reasons;
  return (
    <PlainTable
      label={texts.previousPayments}
      head={[texts.date, texts.status, texts.amount, texts.declineReason]}
      right={[2]}
      rows={payments.map((it) => ({
        key: it.id,
        cells: [
          format.time(it.created_at),
          <StatusBadge key="state" tone={paymentTone[it.status]}>
            {states.payment[it.status]}
          </StatusBadge>,
          format.money(it.amount),
          it.reason && (known[it.reason] ?? it.reason),
        ],
      }))}
    />
  );
}
