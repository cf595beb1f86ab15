/** Changes the stock of all chosen SKUs at once, and tells what became of each. */

import { Button, Group, NumberInput, Paper, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { api, ok } from '../../../api/client';
import { isProblem } from '../../../api/problem';
import { useFormats } from '../../../format';
import { inChunks, type Progress } from '../../bulk';
import { changedTo, type Listed } from '../../catalog';
import { Failures } from '../../parts/Failures';
import type { List } from '../../parts/list';
import { useExplain, useNotice } from '../../parts/notice';
import { BulkProgress, SelectionHead } from '../../parts/SelectionHead';
import type { Selection } from '../../parts/selection';
import { useTexts } from '../../texts';

/** By how many there are more or fewer, or how many there are. */
type How = 'adjust' | 'set';

type Item = { sku: string } & ({ adjust: number } | { on_hand: number; expected: number });

type Props = {
  selection: Selection<Listed>;
  list: List<Listed>;
  /** Chooses all that are found. */
  gather: () => Promise<void>;
};

export function BulkSet({ selection, list, gather }: Props) {
  const { inventory: texts, parts } = useTexts();
  const notice = useNotice();
  const explain = useExplain();
  const formats = useFormats();
  const queries = useQueryClient();
  const [how, setHow] = useState<How>('adjust');
  const [count, setCount] = useState<number | string>('');
  const [reason, setReason] = useState('');
  const [progress, setProgress] = useState<Progress>();
  const running = useRef<AbortController>(undefined);
  const write = useMutation({
    mutationFn: async (count: number) => {
      running.current = new AbortController();
      const why = reason.trim() ? { reason: reason.trim() } : {};
      const items = selection
        .items()
        .map(({ sku, on_hand }) =>
          how === 'adjust'
            ? { sku, adjust: count, ...why }
            : { sku, on_hand: count, expected: on_hand, ...why },
        );
      const send = async (items: Item[]) =>
        (await ok(api.POST('/api/v1/inventory/bulk', { body: { items } }))).items;
      return await inChunks<Item>(items, send, {
        progress: setProgress,
        signal: running.current.signal,
      });
    },
    onSuccess: ({ done, failed, left }) => {
      if (done.length > 0) notice.done(texts.bulkDone(done.length));
      selection.learn(
        failed.flatMap(({ item, error }) => {
          const row = selection.find(item.sku);
          const on_hand = changedTo(error);
          return row && on_hand !== undefined ? [{ ...row, on_hand }] : [];
        }),
      );
      selection.set(new Set([...failed.map((it) => it.item.sku), ...left.map((it) => it.sku)]));
      // Once more would be once too much for those it did work for.
      if (how === 'adjust' && failed.length + left.length === 0) setCount('');
    },
    onError: (error) => notice.failed(error),
    onSettled: () => {
      setProgress(undefined);
      void queries.invalidateQueries({ queryKey: ['inventory'] });
      void queries.invalidateQueries({ queryKey: ['products'] });
    },
  });
  const tell = (error: unknown) => {
    const now = changedTo(error);
    if (!isProblem(error) || now === undefined) return error ? explain(error) : parts.problem;
    return texts.changedMeanwhile(formats.number(now), formats.number(Number(error.body.expected)));
  };
  const busy = write.isPending || selection.gathering !== null;
  return (
    <>
      <Failures
        title={texts.bulkFailed(write.data?.failed.length ?? 0)}
        failures={(write.data?.failed ?? []).map(({ item, error }) => ({
          key: item.sku,
          name: item.sku,
          reason: tell(error),
        }))}
        left={write.data?.left.length ?? 0}
        close={() => write.reset()}
      />
      {(selection.chosen.size > 0 || selection.gathering) && (
        <Paper withBorder p="xs" bg="var(--mantine-primary-color-light)">
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (count !== '') write.mutate(Number(count));
            }}
          >
            <Group gap="xs">
              <SelectionHead
                selection={selection}
                list={list}
                id={(it) => it.sku}
                gather={() => void gather().catch((error: unknown) => notice.failed(error))}
                disabled={busy}
              />
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
                disabled={
                  count === '' || (how === 'adjust' && count === 0) || selection.gathering !== null
                }
                loading={write.isPending}
              >
                {texts.apply}
              </Button>
              <Button
                size="xs"
                variant="subtle"
                color="gray"
                c="inherit"
                disabled={write.isPending}
                onClick={selection.clear}
              >
                {parts.clearSelection}
              </Button>
              {write.isPending && progress && (
                <BulkProgress {...progress} stop={() => running.current?.abort()} />
              )}
            </Group>
          </form>
        </Paper>
      )}
    </>
  );
}
