/** What many changes at once did not work for, and why. */

import { Alert, Button, List, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

import { useTexts } from '../texts';
import { saveCsv } from './csv';

/** Those shown; the file has all. */
const SHOWN = 50;

export type Failure = { key: string; name: string; reason: string };

type Props = {
  title: string;
  failures: Failure[];
  /** How many were not tried. */
  left?: number;
  close: () => void;
};

export function Failures({ title, failures, left = 0, close }: Props) {
  const { parts, bulk } = useTexts();
  if (failures.length === 0 && left === 0) return null;
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      title={failures.length > 0 ? title : bulk.stopped}
      withCloseButton
      closeButtonLabel={parts.close}
      onClose={close}
    >
      <Stack gap="xs" align="flex-start">
        <List size="sm">
          {failures.slice(0, SHOWN).map((it) => (
            <List.Item key={it.key}>
              <b>{it.name}</b>: {it.reason}
            </List.Item>
          ))}
        </List>
        {failures.length > SHOWN && <Text size="sm">{bulk.more(failures.length - SHOWN)}</Text>}
        {left > 0 && <Text size="sm">{bulk.left(left)}</Text>}
        {failures.length > SHOWN && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconDownload size={14} aria-hidden />}
            onClick={() =>
              saveCsv('not-updated.csv', [
                ['item', 'message'],
                ...failures.map((it) => [it.name, it.reason]),
              ])
            }
          >
            {bulk.download}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
