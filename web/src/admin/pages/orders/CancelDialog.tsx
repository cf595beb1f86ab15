import { Select, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { CANCEL_REASONS, type CancelReason, cancel, type Order } from '../../orders';
import { FormDialog } from '../../parts/FormDialog';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import { useOrderChanged } from './useOrderChanged';

type Props = { order: Order; opened: boolean; close: () => void };

/** Cancels an order; what was paid goes back. */
export function CancelDialog({ order, opened, close }: Props) {
  const { order: texts, reasons } = useTexts();
  const notice = useNotice();
  const changed = useOrderChanged(order);
  const [reason, setReason] = useState<CancelReason>('cancelled_by_shop');
  const [note, setNote] = useState('');
  const cancelling = useMutation({
    mutationFn: () => cancel(order.id, reason, note.trim()),
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
    setReason('cancelled_by_shop');
    setNote('');
    cancelling.reset();
  }, [opened]);
  const { title, text, reasonLabel, reasonHelp, noteLabel, noteHelp, yes } = texts.cancelDialog;
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
      <Select
        data-autofocus
        label={reasonLabel}
        description={reasonHelp}
        data={CANCEL_REASONS.map((it) => ({ value: it, label: reasons[it] }))}
        value={reason}
        onChange={(it) => setReason((it ?? 'cancelled_by_shop') as CancelReason)}
        allowDeselect={false}
      />
      <Textarea
        label={noteLabel}
        description={noteHelp}
        maxLength={500}
        autosize
        minRows={2}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
