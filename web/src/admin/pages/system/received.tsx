/** What the lists of what a service has received share, be it events or webhooks. */

import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { useMay } from '../../may';
import type { Column } from '../../parts/DataTable';
import { useTexts } from '../../texts';

type DialogProps = {
  title: string;
  /** What is shown; nothing while the dialog is closed. */
  children: ReactNode;
  close: () => void;
  replay: () => void;
  busy: boolean;
};

/** One of them, with a button that has it handled again. */
export function ReceivedDialog({ title, children, close, replay, busy }: DialogProps) {
  const { system, parts } = useTexts();
  const may = useMay();
  return (
    <Modal
      opened={Boolean(children)}
      onClose={close}
      title={title}
      size="lg"
      closeButtonProps={{ 'aria-label': parts.close }}
    >
      {children && (
        <Stack>
          {children}
          {may('system:write') && (
            <Group justify="flex-end">
              <Button loading={busy} onClick={replay}>
                {system.replay}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </Modal>
  );
}

/** Why it could not be handled. */
export function Failure({ children }: { children: ReactNode }) {
  const { system } = useTexts();
  return (
    <div>
      <Text size="sm" fw={600}>
        {system.error}
      </Text>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}

/** What it contains. */
export function Payload({ data }: { data: unknown }) {
  return (
    <Code block mah={320} tabIndex={0}>
      {JSON.stringify(data, null, 2)}
    </Code>
  );
}

type Received = { type: string; error?: string | null };

/** Columns for what was received, why it failed, and a button that shows all of it. */
export function useReceivedColumns<Row extends Received>(
  by: (row: Row) => string,
  show: (row: Row) => void,
  noError: string,
): { event: Column<Row>; error: Column<Row>; details: Column<Row> } {
  const { system } = useTexts();
  return {
    event: {
      key: 'event',
      head: system.event,
      cell: (it) => (
        <>
          <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
            {it.type}
          </Text>
          <Text size="xs" c="dimmed">
            {by(it)}
          </Text>
        </>
      ),
    },
    error: {
      key: 'error',
      head: system.error,
      from: 'md',
      cell: (it) => (
        <Text size="sm" lineClamp={2} maw="28rem" style={{ overflowWrap: 'anywhere' }}>
          {it.error ?? noError}
        </Text>
      ),
    },
    details: {
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
  };
}
