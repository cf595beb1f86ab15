/** One account: who it is, what they bought, what they may do, what was done to it. */

import { Alert, Anchor, Grid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { ordersOfQuery } from '../../orders';
import { RouteFailed } from '../../parts/ErrorState';
import { Facts } from '../../parts/Facts';
import { Loaded } from '../../parts/Loaded';
import { PageHead } from '../../parts/PageHead';
import { PlainTable } from '../../parts/PlainTable';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { orderTone } from '../../parts/states';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';
import { type User, userQuery } from '../../users';
import { AccessSection } from './AccessSection';
import { Audit } from './Audit';
import { UserActions } from './UserActions';

const route = getRouteApi('/inside/customers/$id');

export function CustomerPage() {
  const { id } = route.useParams();
  const { customers, shell } = useTexts();
  const may = useMay();
  const query = useQuery(userQuery(id));
  const user = query.data;
  if (!user && query.isError) {
    return <RouteFailed error={query.error} reset={() => void query.refetch()} />;
  }
  return (
    <>
      <PageHead
        title={user ? user.name || user.email : '…'}
        above={[{ name: shell.customers, to: '/customers' }]}
        badge={user && !user.active && <StatusBadge tone="quiet">{customers.inactive}</StatusBadge>}
        actions={user && may('users:write') && <UserActions user={user} />}
      />
      {user ? <Content user={user} /> : <Skeleton h={480} aria-hidden />}
    </>
  );
}

function Content({ user }: { user: User }) {
  const { customers } = useTexts();
  const may = useMay();
  const staff = user.roles.some((it) => it !== 'customer');
  return (
    <Grid>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack>
          {!user.active && (
            <Alert variant="light" color="gray">
              {customers.inactiveHelp}
            </Alert>
          )}
          <Profile user={user} />
          {may('users:write') ? <AccessSection user={user} /> : staff && <Allowed user={user} />}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack>
          {may('orders:read') && <OrdersOf user={user.id} />}
          <Audit user={user} />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

function Profile({ user }: { user: User }) {
  const { customers, shell } = useTexts();
  const format = useFormats();
  const may = useMay();
  return (
    <Section title={customers.profile}>
      <Facts
        facts={[
          [
            customers.email,
            <Anchor key="email" size="sm" href={`mailto:${user.email}`}>
              {user.email}
            </Anchor>,
          ],
          [customers.verified, user.email_verified ? customers.yes : customers.no],
          [customers.username, user.username],
          [customers.phone, user.phone],
          [customers.language, user.language && format.language(user.language)],
          [customers.roles, user.roles.map((it) => shell.roles[it]).join(', ')],
          [customers.created, format.time(user.created_at)],
          [customers.lastSignIn, user.last_login_at && format.time(user.last_login_at)],
          [
            shell.messages,
            may('notifications:read') && (
              <TextLink to="/messages" search={{ q: user.email }}>
                {customers.viewMessages}
              </TextLink>
            ),
          ],
        ]}
      />
    </Section>
  );
}

/** The same as the form, for those who may only look. */
function Allowed({ user }: { user: User }) {
  const { customers, permissions } = useTexts();
  return (
    <Section title={customers.permissions}>
      <Text size="sm">{user.permissions.map((it) => permissions[it].name).join(', ')}</Text>
    </Section>
  );
}

function OrdersOf({ user }: { user: string }) {
  const { customers, orders, states } = useTexts();
  const format = useFormats();
  const query = useQuery(ordersOfQuery(user));
  return (
    <Section title={customers.orders}>
      <Loaded query={query} height={160}>
        {({ items, total }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              {customers.noOrders}
            </Text>
          ) : (
            <>
              <PlainTable
                label={customers.orders}
                head={[orders.number, orders.placed, orders.status, orders.total]}
                right={[3]}
                rows={items.map((it) => ({
                  key: it.id,
                  cells: [
                    <TextLink key="number" to="/orders/$id" params={{ id: it.number }}>
                      {it.number}
                    </TextLink>,
                    format.date(it.created_at),
                    <StatusBadge key="status" tone={orderTone[it.status]}>
                      {states.order[it.status]}
                    </StatusBadge>,
                    format.money(it.total),
                  ],
                }))}
              />
              {total !== null && total !== undefined && total > items.length && (
                <Text size="sm" c="dimmed" mt="xs">
                  {customers.latestOf(items.length, total)}
                </Text>
              )}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
