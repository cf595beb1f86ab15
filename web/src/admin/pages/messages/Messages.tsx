/** Everything the shop has written to anybody, and how that went. */

import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconMail, IconPencil } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import {
  CHANNELS,
  findMessages,
  MESSAGE_STATUSES,
  type Message,
  type MessageSearch,
  PROVIDERS,
  providerNames,
} from '../../messages';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { NoDelivery } from '../../parts/NoDelivery';
import { PageHead } from '../../parts/PageHead';
import { RowLink } from '../../parts/RowLink';
import { SearchInput } from '../../parts/SearchInput';
import { StatusBadge } from '../../parts/StatusBadge';
import { messageTone } from '../../parts/states';
import { useTexts } from '../../texts';
import { Counts } from './Counts';
import { WriteDialog } from './WriteDialog';

const route = getRouteApi('/inside/messages');

export function Messages() {
  const { messages, shell } = useTexts();
  const may = useMay();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [writing, write] = useDisclosure();
  const columns = useColumns();
  const list = usePages(['messages', search], (cursor, signal) =>
    findMessages(search, cursor, signal),
  );
  const narrowed = Object.values(search).some((it) => it !== undefined);
  return (
    <>
      <PageHead
        title={shell.messages}
        actions={
          may('notifications:send') && (
            <Button leftSection={<IconPencil size={16} aria-hidden />} onClick={write.open}>
              {messages.write}
            </Button>
          )
        }
      />
      <WriteDialog opened={writing} close={write.close} />
      <Stack>
        <NoDelivery />
        <Counts />
        <Filters search={search} set={(next) => void navigate({ search: next, replace: true })} />
        <Text size="sm" c="dimmed" role="status">
          {list.total === undefined || list.total === null ? '\u00a0' : messages.found(list.total)}
        </Text>
        <DataTable
          label={shell.messages}
          list={list}
          columns={columns}
          id={(it) => it.id}
          empty={
            narrowed
              ? {
                  ...messages.noResults,
                  action: (
                    <Button variant="default" onClick={() => void navigate({ search: {} })}>
                      {messages.clearFilters}
                    </Button>
                  ),
                }
              : messages.empty
          }
        />
      </Stack>
    </>
  );
}

function useColumns(): Column<Message>[] {
  const { messages, states } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'subject',
      head: messages.subject,
      cell: (it) => (
        <>
          <RowLink to="/messages/$id" params={{ id: it.id }}>
            {it.subject || it.body.slice(0, 80) || messages.noSubject}
          </RowLink>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {messages.toWhom(it.recipient)}
          </Text>
        </>
      ),
    },
    {
      key: 'channel',
      head: messages.channel,
      from: 'md',
      cell: (it) => states.channel[it.channel],
    },
    {
      key: 'status',
      head: messages.status,
      cell: (it) => (
        <StatusBadge tone={messageTone[it.status]}>{states.message[it.status]}</StatusBadge>
      ),
    },
    {
      key: 'created',
      head: messages.created,
      from: 'sm',
      cell: (it) => format.time(it.created_at),
    },
  ];
}

function Filters({ search, set }: { search: MessageSearch; set: (next: MessageSearch) => void }) {
  const { messages, states, templates } = useTexts();
  return (
    <Group gap="sm">
      <SearchInput
        label={messages.search}
        value={search.q ?? ''}
        onChange={(q) => set({ ...search, q: q || undefined })}
      />
      <Select
        aria-label={messages.status}
        placeholder={messages.anyStatus}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={MESSAGE_STATUSES.map((value) => ({ value, label: states.message[value] }))}
        value={search.status ?? null}
        onChange={(status) => set({ ...search, status: status ?? undefined })}
      />
      <Select
        aria-label={messages.channel}
        placeholder={messages.anyChannel}
        leftSection={<IconMail size={16} aria-hidden />}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={CHANNELS.map((value) => ({ value, label: states.channel[value] }))}
        value={search.channel ?? null}
        onChange={(channel) => set({ ...search, channel: channel ?? undefined })}
      />
      <Select
        aria-label={messages.provider}
        placeholder={messages.anyProvider}
        clearable
        w={{ base: '100%', xs: 190 }}
        data={PROVIDERS.map((value) => ({ value, label: providerNames[value] }))}
        value={search.provider ?? null}
        onChange={(provider) => set({ ...search, provider: provider ?? undefined })}
      />
      <Select
        aria-label={messages.template}
        placeholder={messages.anyTemplate}
        clearable
        searchable
        w={{ base: '100%', xs: 260 }}
        data={Object.entries(templates.names).map(([value, label]) => ({ value, label }))}
        value={search.template ?? null}
        onChange={(template) => set({ ...search, template: template ?? undefined })}
      />
    </Group>
  );
}
