/** Addresses that get no more messages, or not all of them, and why. */

import { Button, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { findSuppressions, liftSuppression, type Suppression } from '../../messages';
import { useConfirm } from '../../parts/confirm';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { SearchInput } from '../../parts/SearchInput';
import { StatusBadge, type Tone } from '../../parts/StatusBadge';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

const route = getRouteApi('/inside/suppressions');

const tones: Record<Suppression['reason'], Tone> = {
  bounced: 'bad',
  complained: 'bad',
  opted_out: 'quiet',
  unsubscribed: 'quiet',
};

export function Suppressions() {
  const { shell, suppressions: texts, messages } = useTexts();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = usePages(['suppressions', search], (cursor, signal) =>
    findSuppressions(search, cursor, signal),
  );
  const columns = useColumns();
  const clear = (
    <Button variant="default" onClick={() => void navigate({ search: {} })}>
      {messages.clearFilters}
    </Button>
  );
  return (
    <>
      <PageHead title={shell.suppressions} />
      <Stack>
        <Text size="sm" c="dimmed" maw="70ch">
          {texts.help}
        </Text>
        <SearchInput
          label={messages.search}
          value={search.q ?? ''}
          onChange={(q) => void navigate({ search: { q: q || undefined }, replace: true })}
        />
        <Text size="sm" c="dimmed" role="status">
          {list.total === undefined || list.total === null ? '\u00a0' : texts.found(list.total)}
        </Text>
        <DataTable
          label={shell.suppressions}
          list={list}
          columns={columns}
          id={(it) => it.id}
          empty={search.q ? { ...texts.noResults, action: clear } : texts.empty}
        />
      </Stack>
    </>
  );
}

function useColumns(): Column<Suppression>[] {
  const { suppressions: texts, messages, states } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'recipient',
      head: texts.recipient,
      cell: (it) => (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {it.recipient}
          </Text>
          <Text size="xs" c="dimmed">
            {states.channel[it.channel]}
          </Text>
        </>
      ),
    },
    {
      key: 'reason',
      head: texts.reason,
      cell: (it) => (
        <>
          <StatusBadge tone={tones[it.reason]}>{texts.reasons[it.reason]}</StatusBadge>
          {it.detail && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {it.detail}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'message',
      head: messages.message,
      from: 'md',
      cell: (it) =>
        it.message_id && (
          <TextLink to="/messages/$id" params={{ id: it.message_id }}>
            {texts.viewMessage}
          </TextLink>
        ),
    },
    {
      key: 'created',
      head: texts.since,
      from: 'sm',
      cell: (it) => format.time(it.created_at),
    },
    {
      key: 'lift',
      head: texts.lift,
      headHidden: true,
      align: 'right',
      cell: (it) => <Lift suppression={it} />,
    },
  ];
}

/** Asks first: who gets no messages has wanted that, or cannot get any. */
function Lift({ suppression }: { suppression: Suppression }) {
  const { suppressions: texts } = useTexts();
  const may = useMay();
  const confirm = useConfirm();
  const notice = useNotice();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const { recipient, reason } = suppression;
  const lift = async () => {
    const { title, text, yes } = texts.liftDialog;
    if (!(await confirm({ title: title(recipient), text: text[reason], yes }))) return;
    setBusy(true);
    try {
      await liftSuppression(suppression.id);
      notice.done(texts.lifted(recipient));
    } catch (error) {
      notice.failed(error);
    }
    setBusy(false);
    await queries.invalidateQueries({ queryKey: ['suppressions'] });
  };
  if (!may('notifications:send')) return null;
  return (
    <Button
      size="xs"
      variant="default"
      aria-label={texts.liftOne(recipient)}
      loading={busy}
      onClick={() => void lift()}
    >
      {texts.lift}
    </Button>
  );
}
