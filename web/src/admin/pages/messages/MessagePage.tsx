/** One message, to be read as its recipient reads it. */

import { Alert, Button, Divider, Grid, Paper, Skeleton, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import { shop } from '../../../shop';
import { useMay } from '../../may';
import {
  delivers,
  type MessageDetails,
  messageProvidersQuery,
  messageQuery,
  providerNames,
  retryMessage,
} from '../../messages';
import { RouteFailed } from '../../parts/ErrorState';
import { Facts } from '../../parts/Facts';
import { MailTabs } from '../../parts/MailTabs';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { messageTone } from '../../parts/states';
import { TextLink } from '../../parts/TextLink';
import { TEMPLATE_LANGUAGES } from '../../templates';
import { useTexts } from '../../texts';

const route = getRouteApi('/inside/messages/$id');

export function MessagePage() {
  const { id } = route.useParams();
  const { messages, shell, states } = useTexts();
  const query = useQuery(messageQuery(id));
  const message = query.data;
  if (!message && query.isError) {
    return <RouteFailed error={query.error} reset={() => void query.refetch()} />;
  }
  return (
    <>
      <PageHead
        title={message ? message.subject || messages.noSubject : '…'}
        above={[{ name: shell.messages, to: '/messages' }]}
        badge={
          message && (
            <StatusBadge tone={messageTone[message.status]}>
              {states.message[message.status]}
            </StatusBadge>
          )
        }
        actions={message && <Retry message={message} />}
      />
      {message ? <Content message={message} /> : <Skeleton h={420} aria-hidden />}
    </>
  );
}

function Content({ message }: { message: MessageDetails }) {
  const { messages } = useTexts();
  const { error, status } = message;
  const bad = status !== 'skipped';
  return (
    <Stack>
      {status === 'logged' && (
        <Alert variant="light" color="orange" title={messages.loggedOnly}>
          {messages.loggedOnlyText}
        </Alert>
      )}
      {(error || status === 'bounced' || status === 'complained') && (
        <Alert variant="light" color={bad ? 'red' : 'gray'} title={messages.trouble[status]}>
          {error}
        </Alert>
      )}
      <Grid>
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Letter message={message} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <About message={message} />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

/** The message itself. */
function Letter({ message }: { message: MessageDetails }) {
  const { messages } = useTexts();
  const format = useFormats();
  return (
    <Paper component="article" withBorder p="md" aria-label={messages.message}>
      <Facts
        facts={[
          [messages.from, shop.name],
          [messages.to, message.recipient],
          [messages.subject, message.subject],
          [messages.date, format.time(message.sent_at ?? message.created_at)],
        ]}
      />
      <Divider my="sm" />
      <MailTabs html={message.html} text={message.body} />
    </Paper>
  );
}

function About({ message }: { message: MessageDetails }) {
  const { messages, states } = useTexts();
  const format = useFormats();
  const may = useMay();
  const { order_number, user_id, template, provider } = message;
  return (
    <Section title={messages.details}>
      <Facts
        facts={[
          [messages.channel, states.channel[message.channel]],
          [
            messages.template,
            template ? (
              <TextLink
                key="template"
                to="/templates/$key"
                params={{ key: template }}
                search={{ language: TEMPLATE_LANGUAGES.find((it) => it === message.language) }}
              >
                {template}
              </TextLink>
            ) : (
              messages.noTemplate
            ),
          ],
          [messages.language, message.language && format.language(message.language)],
          [
            messages.order,
            order_number && may('orders:read') ? (
              <TextLink key="order" to="/orders/$id" params={{ id: order_number }}>
                {order_number}
              </TextLink>
            ) : (
              order_number
            ),
          ],
          [
            messages.customer,
            user_id && may('users:read') && (
              <TextLink to="/customers/$id" params={{ id: user_id }}>
                {messages.viewCustomer}
              </TextLink>
            ),
          ],
          [messages.created, format.time(message.created_at)],
          [messages.sent, message.sent_at && format.time(message.sent_at)],
          [messages.delivered, message.delivered_at && format.time(message.delivered_at)],
          [messages.provider, provider && providerNames[provider]],
          [messages.providerId, message.provider_message_id],
          [messages.segments, message.segments && format.number(message.segments)],
          [messages.attempts, format.number(message.attempts)],
          [messages.nextAttempt, message.next_attempt_at && format.time(message.next_attempt_at)],
        ]}
      />
    </Section>
  );
}

/** Offered where it did not go out. */
function Retry({ message }: { message: MessageDetails }) {
  const { messages } = useTexts();
  const may = useMay();
  const notice = useNotice();
  const queries = useQueryClient();
  const retrying = useMutation({
    mutationFn: () => retryMessage(message.id),
    onSuccess: (now) => {
      queries.setQueryData(messageQuery(now.id).queryKey, (it) => it && { ...it, ...now });
      void queries.invalidateQueries({ queryKey: ['messages'] });
      notice.done(messages.retried);
    },
    onError: (error) => notice.failed(error),
  });
  const providers = useQuery(messageProvidersQuery);
  const { status, channel, error } = message;
  const failed =
    status === 'failed' ||
    // The next attempt may be hours away.
    (status === 'queued' && Boolean(error)) ||
    (status === 'logged' && delivers(providers.data, channel) === true);
  if (!failed || !may('notifications:send')) return null;
  return (
    <Button loading={retrying.isPending} onClick={() => retrying.mutate()}>
      {messages.retry}
    </Button>
  );
}
