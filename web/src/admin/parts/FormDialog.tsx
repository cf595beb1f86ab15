import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';

import { useTexts } from '../texts';
import { useExplain } from './notice';

type Props = {
  title: string;
  opened: boolean;
  close: () => void;
  /** What the button says that does it. */
  yes: string;
  danger?: boolean;
  busy: boolean;
  disabled?: boolean;
  /** Why it did not work, in place of what the error says by itself. */
  problem?: ReactNode;
  error?: unknown;
  onSubmit: () => void;
  size?: string;
  children: ReactNode;
};

/** A question with a form. It stays open until it has worked, and says why it did not. */
export function FormDialog(props: Props) {
  const { parts } = useTexts();
  const explain = useExplain();
  const { title, opened, close, yes, danger, busy, disabled, problem, error, onSubmit } = props;
  // The second click of a double one comes before, or after, what the first one changes is shown.
  const locked = useRef(false);
  useEffect(() => {
    locked.current = busy || !opened;
  });
  // To the first field that is wrong, whoever found that out.
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) toWrongField(form.current);
  }, [error]);
  return (
    <Modal
      opened={opened}
      onClose={busy ? () => {} : close}
      title={title}
      centered
      size={props.size ?? 'md'}
      closeButtonProps={{ 'aria-label': parts.close }}
    >
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (locked.current || disabled) return;
          locked.current = true;
          onSubmit();
          toWrongField(form.current);
        }}
      >
        <Stack>
          {props.children}
          {Boolean(error || problem) && (
            <Alert role="alert" color="red" variant="light" title={parts.problem}>
              {problem ?? explain(error)}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} disabled={busy}>
              {parts.cancel}
            </Button>
            <Button
              type="submit"
              loading={busy}
              disabled={disabled ?? false}
              {...(danger ? { color: 'red' } : {})}
            >
              {yes}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function toWrongField(form: HTMLFormElement | null) {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
