import { Button } from '@mantine/core';
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
import { Failure, Payload, ReceivedDialog, useReceivedColumns } from './received';

/** Events a service gave up on, each to be looked at and handled once more. */
export function DeadLetters({ service }: { service: Service }) {
  const { system } = useTexts();
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
      <ReceivedDialog
        title={system.deadLetter}
        close={() => setShown(undefined)}
        replay={() => shown && void again([shown])}
        busy={busy}
      >
        {shown && <Letter letter={shown} />}
      </ReceivedDialog>
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
      <Failure>{letter.error ?? system.noError}</Failure>
      <Payload data={letter.data} />
    </>
  );
}

function useColumns(show: (letter: DeadLetter) => void): Column<DeadLetter>[] {
  const { system } = useTexts();
  const format = useFormats();
  const { event, error, details } = useReceivedColumns<DeadLetter>(
    (it) => it.consumer,
    show,
    system.noError,
  );
  return [
    event,
    { ...error, from: 'sm' },
    {
      key: 'attempts',
      head: system.attempts,
      align: 'right',
      from: 'md',
      cell: (it) => format.number(it.attempts),
    },
    details,
  ];
}
