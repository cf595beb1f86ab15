/** Sets the stock of all chosen SKUs at once, and tells what became of each. */

import { Alert, Button, Group, List, NumberInput, Paper, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, ok, type Schemas } from '../../../api/client';
import { Problem } from '../../../api/problem';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';

/** SKUs one request may name. */
const AT_ONCE = 100;

type Props = {
  chosen: ReadonlySet<string>;
  clear: () => void;
  /** Called with the SKUs it did not work for. */
  failed: (skus: Set<string>) => void;
};

export function BulkSet({ chosen, clear, failed }: Props) {
  const { inventory: texts, parts } = useTexts();
  const notice = useNotice();
  const explain = useExplain();
  const queries = useQueryClient();
  const [count, setCount] = useState<number | string>('');
  const write = useMutation({
    mutationFn: async (on_hand: number) => {
      const skus = [...chosen];
      const outcomes: Schemas['InventoryOutcome'][] = [];
      for (let at = 0; at < skus.length; at += AT_ONCE) {
        const items = skus.slice(at, at + AT_ONCE).map((sku) => ({ sku, on_hand }));
        const answer = await ok(api.POST('/api/v1/inventory/bulk', { body: { items } }));
        outcomes.push(...answer.items);
      }
      return outcomes;
    },
    onSuccess: (outcomes) => {
      const wrong = outcomes.filter((it) => !it.ok);
      if (wrong.length < outcomes.length)
        notice.done(texts.bulkDone(outcomes.length - wrong.length));
      failed(new Set(wrong.map((it) => it.sku)));
    },
    onError: (error) => notice.failed(error),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['inventory'] });
      void queries.invalidateQueries({ queryKey: ['products'] });
    },
  });
  const wrong = write.data?.filter((it) => !it.ok) ?? [];
  return (
    <>
      {wrong.length > 0 && (
        <Alert
          role="alert"
          color="red"
          variant="light"
          title={texts.bulkFailed(wrong.length)}
          withCloseButton
          closeButtonLabel={parts.close}
          onClose={() => write.reset()}
        >
          <List size="sm">
            {wrong.map((it) => (
              <List.Item key={it.sku}>
                <b>{it.sku}</b>: {it.problem ? explain(new Problem(it.problem)) : parts.problem}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {chosen.size > 0 && (
        <Paper withBorder p="xs" bg="var(--mantine-primary-color-light)">
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (count !== '') write.mutate(Number(count));
            }}
          >
            <Group gap="xs">
              <Text size="sm" fw={600} px="xs" role="status">
                {parts.selected(chosen.size)}
              </Text>
              <NumberInput
                aria-label={texts.setAll}
                placeholder={texts.onHand}
                size="xs"
                w={130}
                min={0}
                max={1_000_000_000}
                allowDecimal={false}
                value={count}
                onChange={setCount}
              />
              <Button type="submit" size="xs" disabled={count === ''} loading={write.isPending}>
                {texts.setAll}
              </Button>
              <Button size="xs" variant="subtle" color="gray" c="inherit" onClick={clear}>
                {parts.clearSelection}
              </Button>
            </Group>
          </form>
        </Paper>
      )}
    </>
  );
}
