import { Button, Group, Paper, Progress, Text } from '@mantine/core';
import { useState } from 'react';

import { useNotice } from '../../parts/notice';
import { decide, type Review } from '../../reviews';
import { useTexts } from '../../texts';

type Props = { reviews: Review[]; done: () => void };

/** Approves what is selected, one after the other. What fails does not hold up the rest. */
export function Approving({ reviews: selected, done }: Props) {
  const { reviews, parts } = useTexts();
  const notice = useNotice();
  const [at, setAt] = useState<number>();
  const [of, setOf] = useState(0);
  const approve = async () => {
    setOf(selected.length);
    let failure: unknown;
    let approved = 0;
    for (const [index, review] of selected.entries()) {
      setAt(index);
      try {
        if (review.status !== 'approved') await decide(review.id, 'approved');
        approved++;
      } catch (error) {
        failure = error;
      }
    }
    setAt(undefined);
    done();
    if (approved > 0) notice.done(reviews.approvedAll(approved));
    if (failure) notice.failed(failure);
  };
  if (selected.length === 0 && at === undefined) return null;
  return (
    <Paper withBorder p="xs">
      {at === undefined ? (
        <Group justify="space-between">
          <Text size="sm">{parts.selected(selected.length)}</Text>
          <Button size="xs" onClick={() => void approve()}>
            {reviews.approveAll(selected.length)}
          </Button>
        </Group>
      ) : (
        <Group>
          <Progress
            flex={1}
            value={((at + 1) / of) * 100}
            aria-label={reviews.approving(at + 1, of)}
          />
          <Text size="sm" role="status">
            {reviews.approving(at + 1, of)}
          </Text>
        </Group>
      )}
    </Paper>
  );
}
