import { Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { cancel, type Order } from '../../orders';
import { FormDialog } from '../../parts/FormDialog';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import { useOrderChanged } from './useOrderChanged';

type Props = { order: Order; opened: boolean; close: () => void };

/** Cancels an order; what was paid goes back. */
export function CancelDialog({ order, opened, close }: Props) {
  const { order: texts } = useTexts();
  const notice = useNotice();
  const changed = useOrderChanged(order);
  const [reason, setReason] = useState('');
  const cancelling = useMutation({
    mutationFn: () => cancel(order.id, reason.trim()),
    onSuccess: (now) => {
      changed(now);
      const done = now.status === 'cancelled';
      notice.done(done ? texts.cancelled(order.number) : texts.cancelling(order.number));
      close();
    },
    onError: () => changed(),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (!opened) return;
    setReason('');
    cancelling.reset();
  }, [opened]);
  const { title, text, reasonLabel, reasonHelp, yes } = texts.cancelDialog;
  return (
    <FormDialog
      title={title(order.number)}
      opened={opened}
      close={close}
      yes={yes}
      danger
      busy={cancelling.isPending}
      error={cancelling.error}
      onSubmit={() => cancelling.mutate()}
    >
      <Text size="sm">{text}</Text>
      <Textarea
        data-autofocus
        label={reasonLabel}
        description={reasonHelp}
        maxLength={200}
        autosize
        minRows={2}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
