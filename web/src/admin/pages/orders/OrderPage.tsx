/** One order: what was bought by whom, where it stands, and what can be done about it. */

import { Alert, Anchor, Grid, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { type Order, orderQuery } from '../../orders';
import { RouteFailed } from '../../parts/ErrorState';
import { Facts } from '../../parts/Facts';
import { PageHead } from '../../parts/PageHead';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { orderPaymentTone, orderTone } from '../../parts/states';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';
import { isDisputed } from '../../webhooks';
import { Actions } from './Actions';
import { Address } from './Address';
import { Events } from './Events';
import { History } from './History';
import { Lines } from './Lines';
import { Messages } from './Messages';
import { PaymentSection } from './PaymentSection';

const route = getRouteApi('/inside/orders/$id');

export function OrderPage() {
  const { id } = route.useParams();
  const { shell, states, order: texts } = useTexts();
  const query = useQuery(orderQuery(id));
  const above = [{ name: shell.orders, to: '/orders' as const }];
  const order = query.data;
  if (!order && query.isError) {
    return <RouteFailed error={query.error} reset={() => void query.refetch()} />;
  }
  return (
    <>
      <PageHead
        title={order?.number ?? id}
        above={above}
        badge={
          order && (
            <Group gap="xs">
              <StatusBadge tone={orderTone[order.status]}>{states.order[order.status]}</StatusBadge>
              {isDisputed(order) && <StatusBadge tone="bad">{texts.disputed}</StatusBadge>}
              {order.refunded.amount > 0 && (
                <StatusBadge tone={orderPaymentTone[order.payment_status]}>
                  {states.orderPayment[order.payment_status]}
                </StatusBadge>
              )}
            </Group>
          )
        }
        actions={order && <Actions order={order} />}
      />
      {order ? <Content order={order} /> : <Waiting />}
    </>
  );
}

function Content({ order }: { order: Order }) {
  const { order: texts, reasons } = useTexts();
  const may = useMay();
  const known: Record<string, string> = reasons;
  return (
    <Stack>
      {order.status === 'cancelled' && order.reason && (
        <Alert variant="light" color="gray" title={texts.cancelReason}>
          {known[order.reason] ?? order.reason}
        </Alert>
      )}
      {isDisputed(order) && (
        <Alert variant="light" color="red" title={texts.disputed}>
          {texts.disputedText}
        </Alert>
      )}
      {order.cancel_note && (
        <Alert variant="light" color="gray" title={texts.cancelNote}>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {order.cancel_note}
          </Text>
        </Alert>
      )}
      <Grid>
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack>
            <Lines order={order} />
            {order.payment && (
              <PaymentSection
                order={order.id}
                id={order.payment.id}
                status={order.payment.status}
              />
            )}
            {may('notifications:read') && <Messages order={order.id} />}
            <Events order={order.id} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Stack>
            <Customer order={order} />
            {order.note && (
              <Section title={texts.customerNote}>
                <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                  {order.note}
                </Text>
              </Section>
            )}
            {order.shipping_address && (
              <Section title={texts.shippingAddress}>
                <Address address={order.shipping_address} />
              </Section>
            )}
            {order.billing_address && (
              <Section title={texts.billingAddress}>
                <Address address={order.billing_address} />
              </Section>
            )}
            <History order={order} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Customer({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const format = useFormats();
  const may = useMay();
  const { user_id, shipping_method: method } = order;
  const methods: Record<string, string> = texts.shippingMethods;
  return (
    <Section title={texts.customer}>
      <Facts
        facts={[
          [
            texts.account,
            user_id === null || user_id === undefined ? (
              texts.guest
            ) : may('users:read') ? (
              <TextLink key="account" to="/customers/$id" params={{ id: user_id }}>
                {texts.viewCustomer}
              </TextLink>
            ) : (
              texts.registered
            ),
          ],
          [
            texts.email,
            <Anchor key="email" size="sm" href={`mailto:${order.email}`}>
              {order.email}
            </Anchor>,
          ],
          [texts.language, order.language && format.language(order.language)],
          [texts.placed, format.time(order.created_at)],
          [texts.changed, format.time(order.updated_at)],
          [texts.shippingMethod, method && (methods[method] ?? method)],
          [texts.tracking, order.tracking_number],
        ]}
      />
    </Section>
  );
}

function Waiting() {
  return (
    <Grid aria-hidden>
      <Grid.Col span={{ base: 12, lg: 8 }}>
        <Stack>
          <Skeleton h={320} />
          <Skeleton h={240} />
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 4 }}>
        <Stack>
          <Skeleton h={190} />
          <Skeleton h={170} />
          <Skeleton h={220} />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
