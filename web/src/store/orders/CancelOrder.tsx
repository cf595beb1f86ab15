import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { Button } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { SelectField, TextArea } from '../parts/Field';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import { CANCEL_REASONS, type CancelReason, cancel, orderQuery } from './queries';
import styles from './Step.module.css';
import type { Order } from './timeline';

/** Calling an order off that has not been shipped. */
export function CancelOrder({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const said = useSaid();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState<CancelReason>('customer_request');
  const [note, setNote] = useState('');
  const cancelling = useMutation({
    mutationFn: () => cancel(order, reason, note.trim()),
    onSuccess: () => setOpen(false),
    onSettled: () => queries.invalidateQueries(orderQuery(order.id)),
  });
  // It may take longer than the answer; with the outcome this part of the page goes.
  useQuery({ ...orderQuery(order.id), refetchInterval: cancelling.isSuccess ? 1_000 : false });
  if (cancelling.isSuccess)
    return (
      <Note kind="plain" role="status">
        {texts.cancel.inProgress}
      </Note>
    );
  return (
    <div>
      <Button look="outline" onClick={() => setOpen(true)}>
        {texts.cancel.open}
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={texts.cancel.title}>
        <p>{texts.cancel.text}</p>
        <SelectField
          label={texts.cancel.reason}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value as CancelReason)}
        >
          {CANCEL_REASONS.map((it) => (
            <option key={it} value={it}>
              {texts.cancel.reasons[it]}
            </option>
          ))}
        </SelectField>
        <TextArea
          label={texts.cancel.note}
          hint={texts.cancel.noteHint}
          rows={3}
          maxLength={500}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {cancelling.error && <Note kind="bad">{said(cancelling.error)}</Note>}
        <div className={styles.tools}>
          <Button busy={cancelling.isPending} onClick={() => cancelling.mutate()}>
            {texts.cancel.yes}
          </Button>
          <Button look="outline" onClick={() => setOpen(false)}>
            {texts.cancel.keep}
          </Button>
        </div>
      </Dialog>
    </div>
  );
}
