/** Asks before something that cannot be undone, in a dialog. */

import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';

import { useTexts } from '../texts';

type Question = {
  title: string;
  text?: ReactNode;
  /** What the button says that does it. */
  yes: string;
  no?: string;
  /** Something is lost by it. */
  danger?: boolean;
};

const Asking = createContext<(question: Question) => Promise<boolean>>(async () => false);

/** `if (await confirm({ … }))` */
export const useConfirm = () => useContext(Asking);

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const { parts } = useTexts();
  const [question, setQuestion] = useState<Question>();
  const [open, setOpen] = useState(false);
  const answer = useRef<(yes: boolean) => void>(undefined);
  const ask = useCallback((question: Question) => {
    setQuestion(question);
    setOpen(true);
    return new Promise<boolean>((resolve) => {
      answer.current = resolve;
    });
  }, []);
  const close = (yes: boolean) => {
    setOpen(false);
    answer.current?.(yes);
  };
  return (
    <Asking value={ask}>
      {children}
      <Modal
        opened={open}
        onClose={() => close(false)}
        title={question?.title}
        centered
        closeButtonProps={{ 'aria-label': parts.close }}
      >
        <Stack>
          {typeof question?.text === 'string' ? <Text>{question.text}</Text> : question?.text}
          <Group justify="flex-end">
            <Button variant="default" data-autofocus onClick={() => close(false)}>
              {question?.no ?? parts.cancel}
            </Button>
            <Button {...(question?.danger ? { color: 'red' } : {})} onClick={() => close(true)}>
              {question?.yes}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Asking>
  );
}
