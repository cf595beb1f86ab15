/** Changes the stock of all chosen SKUs at once, and tells what became of each. */

import {
  Alert,
  Button,
  Group,
  List,
  NumberInput,
  Paper,
  Select,
  Text,
  TextInput,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, ok, type Schemas } from '../../../api/client';
import { Problem } from '../../../api/problem';
import { useFormats } from '../../../format';
import { changedTo } from '../../catalog';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';

/** SKUs one request may name. */
const AT_ONCE = 1_000;

/** By how many there are more or fewer, or how many there are. */
type How = 'adjust' | 'set';

type Props = {
  chosen: ReadonlySet<string>;
  /** What is shown as on hand of a SKU. */
  seen: (sku: string) => number | undefined;
  clear: () => void;
  /** Called with the SKUs it did not work for. */
  failed: (skus: Set<string>) => void;
};

export function BulkSet({ chosen, seen, clear, failed }: Props) {
  const { inventory: texts, parts } = useTexts();
  const notice = useNotice();
  const explain = useExplain();
  const formats = useFormats();
  const queries = useQueryClient();
  const [how, setHow] = useState<How>('adjust');
  const [count, setCount] = useState<number | string>('');
  const [reason, setReason] = useState('');
  const write = useMutation({
    mutationFn: async (count: number) => {
      const skus = [...chosen];
      const why = reason.trim() ? { reason: reason.trim() } : {};
      const item = (sku: string) =>
        how === 'adjust'
          ? { sku, adjust: count, ...why }
          : { sku, on_hand: count, expected: seen(sku) ?? 0, ...why };
      const outcomes: Schemas['InventoryOutcome'][] = [];
      for (let at = 0; at < skus.length; at += AT_ONCE) {
        const items = skus.slice(at, at + AT_ONCE).map(item);
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
      if (how === 'adjust') setCount('');
    },
    onError: (error) => notice.failed(error),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['inventory'] });
      void queries.invalidateQueries({ queryKey: ['products'] });
    },
  });
  const wrong = write.data?.filter((it) => !it.ok) ?? [];
  const tell = (problem: Problem) => {
    const now = changedTo(problem);
    if (now === undefined) return explain(problem);
    return texts.changedMeanwhile(
      formats.number(now),
      formats.number(Number(problem.body.expected)),
    );
  };
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
                <b>{it.sku}</b>: {it.problem ? tell(new Problem(it.problem)) : parts.problem}
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
              <Select
                aria-label={texts.mode}
                size="xs"
                w={170}
                allowDeselect={false}
                value={how}
                data={(['adjust', 'set'] as const).map((value) => ({
                  value,
                  label: texts.modes[value],
                }))}
                onChange={(it) => it && setHow(it as How)}
              />
              <NumberInput
                aria-label={texts.modes[how]}
                placeholder={how === 'adjust' ? texts.adjustHint : texts.onHand}
                size="xs"
                w={130}
                min={how === 'adjust' ? -1_000_000_000 : 0}
                max={1_000_000_000}
                allowDecimal={false}
                value={count}
                onChange={setCount}
              />
              <TextInput
                aria-label={texts.reason}
                placeholder={texts.reason}
                size="xs"
                w={200}
                maxLength={500}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
              />
              <Button
                type="submit"
                size="xs"
                disabled={count === '' || (how === 'adjust' && count === 0)}
                loading={write.isPending}
              >
                {texts.apply}
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
