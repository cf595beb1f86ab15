import { Button, Group, type MantineBreakpoint, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { useConfirm } from '../../parts/confirm';
import { FormDialog } from '../../parts/FormDialog';
import { useNotice } from '../../parts/notice';
import { decide, deleteReview, type Review } from '../../reviews';
import { useTexts } from '../../texts';

type Props = { review: Review; changed: () => void; hiddenFrom?: MantineBreakpoint };

/** What a moderator can do with a review. */
export function Decision({ review, changed, hiddenFrom }: Props) {
  const { reviews } = useTexts();
  const notice = useNotice();
  const confirm = useConfirm();
  const [rejecting, reject] = useDisclosure();
  const name = review.title || review.author;
  const failed = (error: unknown) => {
    changed();
    notice.failed(error);
  };
  const approving = useMutation({
    mutationFn: () => decide(review.id, 'approved'),
    onSuccess: () => {
      changed();
      notice.done(reviews.approved);
    },
    onError: failed,
  });
  const deleting = useMutation({
    mutationFn: () => deleteReview(review.id),
    onSuccess: () => {
      changed();
      notice.done(reviews.deleted);
    },
    onError: failed,
  });
  const askDelete = async () => {
    const { title, text, yes } = reviews.deleteDialog;
    if (await confirm({ title, text, yes, danger: true })) deleting.mutate();
  };
  return (
    <Group gap={6} {...(hiddenFrom && { hiddenFrom })}>
      {review.status !== 'approved' && (
        <Button
          size="xs"
          aria-label={reviews.approveOne(name)}
          loading={approving.isPending}
          onClick={() => approving.mutate()}
        >
          {reviews.approve}
        </Button>
      )}
      {review.status !== 'rejected' && (
        <Button
          size="xs"
          variant="default"
          aria-label={reviews.rejectOne(name)}
          onClick={reject.open}
        >
          {reviews.reject}
        </Button>
      )}
      {review.status === 'rejected' && (
        <Button
          size="xs"
          variant="default"
          aria-label={reviews.deleteOne(name)}
          loading={deleting.isPending}
          onClick={() => void askDelete()}
        >
          {reviews.delete}
        </Button>
      )}
      <RejectDialog review={review} opened={rejecting} close={reject.close} changed={changed} />
    </Group>
  );
}

type DialogProps = { review: Review; opened: boolean; close: () => void; changed: () => void };

function RejectDialog({ review, opened, close, changed }: DialogProps) {
  const { reviews } = useTexts();
  const notice = useNotice();
  const [reason, setReason] = useState('');
  const rejecting = useMutation({
    mutationFn: () => decide(review.id, 'rejected', reason.trim()),
    onSuccess: () => {
      close();
      changed();
      notice.done(reviews.rejected);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (!opened) return;
    setReason('');
    rejecting.reset();
  }, [opened]);
  const { title, text, reasonLabel, reasonHelp, yes } = reviews.rejectDialog;
  return (
    <FormDialog
      title={title}
      opened={opened}
      close={close}
      yes={yes}
      busy={rejecting.isPending}
      error={rejecting.error}
      onSubmit={() => rejecting.mutate()}
    >
      <Text size="sm">{text(review.author)}</Text>
      <Textarea
        data-autofocus
        label={reasonLabel}
        description={reasonHelp}
        maxLength={500}
        autosize
        minRows={2}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
