/** Somebody else was faster: what they have changed, and what is to become of what was typed here. */

import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';

import { useFormats } from '../../format';
import type { Conflict } from '../conflict';
import { useTexts } from '../texts';

type Props = {
  /** Open while there is one. */
  conflict: Conflict | undefined;
  /** A field in words. */
  name: (field: string) => string;
  /** Whether it has been typed into here too. */
  mine: (field: string) => boolean;
  busy: boolean;
  /** Takes what is stored into the form; what was typed stays. */
  load: () => void;
  /** Saves what was typed over it, if anything was. */
  overwrite: (() => void) | undefined;
  close: () => void;
};

export function ConflictDialog(props: Props) {
  const { conflict: texts, parts } = useTexts();
  const formats = useFormats();
  const { conflict, name, mine, busy } = props;
  return (
    <Modal
      opened={conflict !== undefined}
      onClose={busy ? () => {} : props.close}
      title={texts.title}
      centered
      closeButtonProps={{ 'aria-label': parts.close }}
    >
      {conflict && (
        <Stack>
          <Text>
            {conflict.updated_at ? texts.when(formats.time(conflict.updated_at)) : texts.meanwhile}
          </Text>
          {conflict.changed.length > 0 && (
            <div>
              <Text fw={600} size="sm">
                {texts.changed}
              </Text>
              <List size="sm">
                {conflict.changed.map((it) => (
                  <List.Item key={it}>
                    {name(it)}
                    {mine(it) && ` (${texts.both})`}
                  </List.Item>
                ))}
              </List>
            </div>
          )}
          <Text size="sm" c="dimmed">
            {texts.help}
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" disabled={busy} onClick={props.load} data-autofocus>
              {texts.load}
            </Button>
            {props.overwrite && (
              <Button color="red" loading={busy} onClick={props.overwrite}>
                {texts.overwrite}
              </Button>
            )}
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
