import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { useConfirm } from '../../parts/confirm';
import { type Column, DataTable } from '../../parts/DataTable';
import { Facts } from '../../parts/Facts';
import { usePages } from '../../parts/list';
import { useNotice } from '../../parts/notice';
import { Section } from '../../parts/Section';
import { type DeadLetter, deadLetters, nameOf, replay, type Service } from '../../system';
import { useTexts } from '../../texts';

/** Events a service gave up on, each to be looked at and handled once more. */
export function DeadLetters({ service }: { service: Service }) {
  const { system, parts } = useTexts();
  const may = useMay();
  const notice = useNotice();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const [shown, setShown] = useState<DeadLetter>();
  const [busy, setBusy] = useState(false);
  const list = usePages(['system', 'dead-letters', service], (cursor) =>
    deadLetters(service, cursor),
  );

  const again = async (letters: DeadLetter[]) => {
    setBusy(true);
    let replayed = 0;
    try {
      for (const letter of letters) {
        await replay(service, letter);
        replayed++;
      }
    } catch (error) {
      notice.failed(error);
    }
    setBusy(false);
    setShown(undefined);
    if (replayed > 0) notice.done(system.replayed(replayed));
    await queries.invalidateQueries({ queryKey: ['system'] });
  };
  const askAll = async () => {
    const letters = list.rows ?? [];
    const { title, text, yes } = system.replayDialog;
    const name = nameOf(system.names, service);
    if (await confirm({ title: title(letters.length, name), text, yes })) await again(letters);
  };
  const writes = may('system:write');
  return (
    <Section
      title={system.deadLettersOf(nameOf(system.names, service))}
      actions={
        writes &&
        list.rows && (
          <Button size="xs" variant="default" loading={busy} onClick={() => void askAll()}>
            {system.replayAll(list.rows.length)}
          </Button>
        )
      }
    >
      <DataTable
        label={`${nameOf(system.names, service)}: ${system.deadLetters}`}
        list={list}
        columns={useColumns(setShown)}
        id={(it) => it.consumer + it.event_id}
        empty={{ title: system.noDeadLetters }}
      />
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={system.deadLetter}
        size="lg"
        closeButtonProps={{ 'aria-label': parts.close }}
      >
        {shown && (
          <Stack>
            <Letter letter={shown} />
            {writes && (
              <Group justify="flex-end">
                <Button loading={busy} onClick={() => void again([shown])}>
                  {system.replay}
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Modal>
    </Section>
  );
}

function Letter({ letter }: { letter: DeadLetter }) {
  const { system } = useTexts();
  const format = useFormats();
  return (
    <>
      <Facts
        facts={[
          [system.event, letter.type],
          [system.eventId, letter.event_id],
          [system.consumer, letter.consumer],
          [system.attempts, format.number(letter.attempts)],
          [system.received, letter.received_at && format.time(letter.received_at)],
        ]}
      />
      <div>
        <Text size="sm" fw={600}>
          {system.error}
        </Text>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {letter.error ?? system.noError}
        </Text>
      </div>
      <Code block mah={320} tabIndex={0}>
        {JSON.stringify(letter.data, null, 2)}
      </Code>
    </>
  );
}

function useColumns(show: (letter: DeadLetter) => void): Column<DeadLetter>[] {
  const { system } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'event',
      head: system.event,
      cell: (it) => (
        <>
          <Text size="sm" ff="monospace">
            {it.type}
          </Text>
          <Text size="xs" c="dimmed">
            {it.consumer}
          </Text>
        </>
      ),
    },
    {
      key: 'error',
      head: system.error,
      from: 'sm',
      cell: (it) => (
        <Text size="sm" lineClamp={2} maw="28rem" style={{ overflowWrap: 'anywhere' }}>
          {it.error ?? system.noError}
        </Text>
      ),
    },
    {
      key: 'attempts',
      head: system.attempts,
      align: 'right',
      from: 'md',
      cell: (it) => format.number(it.attempts),
    },
    {
      key: 'show',
      head: system.details,
      headHidden: true,
      align: 'right',
      cell: (it) => (
        <Button
          size="xs"
          variant="default"
          aria-label={system.showOne(it.type)}
          onClick={() => show(it)}
        >
          {system.details}
        </Button>
      ),
    },
  ];
}
