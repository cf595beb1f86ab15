/** What can be done with all chosen products at once, and what became of each. */

import { Button, Group, Paper } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { useFormats } from '../../../format';
import { inChunks, type Progress } from '../../bulk';
import type { Product } from '../../catalog';
import { useConfirm } from '../../parts/confirm';
import { type Failure, Failures } from '../../parts/Failures';
import type { List } from '../../parts/list';
import { useExplain, useNotice } from '../../parts/notice';
import { BulkProgress, SelectionHead } from '../../parts/SelectionHead';
import type { Selection } from '../../parts/selection';
import { useTexts } from '../../texts';
import { BulkDialog } from './BulkDialog';
import { BulkGrid } from './BulkGrid';
import { type Edit, type Step, steps } from './bulkEdit';

/** Products whose variants one table has. */
export const IN_GRID = 100;

const STATUS = { publish: 'active', draft: 'draft', archive: 'archived' } as const;
type Action = keyof typeof STATUS | 'delete';
type Job = { edit: Edit; done: (count: number) => string };

type Props = {
  selection: Selection<Product>;
  list: List<Product>;
  /** Chooses all that are found. */
  gather: () => Promise<void>;
};

const union = (a: Set<string>, b: Set<string>) => new Set([...a, ...b]);

export function BulkBar({ selection, list, gather }: Props) {
  const { products: texts, bulk, parts } = useTexts();
  const formats = useFormats();
  const notice = useNotice();
  const explain = useExplain();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const [open, setOpen] = useState<'form' | 'grid'>();
  const [progress, setProgress] = useState<Progress>();
  const running = useRef<AbortController>(undefined);
  const { chosen } = selection;

  const write = useMutation({
    mutationFn: async ({ edit }: Job) => {
      running.current = new AbortController();
      const options = { progress: setProgress, signal: running.current.signal };
      const products = selection.items();
      const failures: Failure[] = [];
      const wrong = new Set<string>();
      const left = new Set<string>();
      const fail = (product: Product, name: string, reason: string) => {
        wrong.add(product.id);
        failures.push({ key: `${failures.length}`, name, reason });
      };
      const run = async <T,>(step: Step<T>) => {
        for (const it of step.impossible) fail(it.product, it.name, bulk.belowZero);
        const result = await inChunks(
          step.items,
          (chunk) => step.send(chunk.map((it) => it.change)),
          options,
        );
        for (const { item, error } of result.failed)
          fail(item.product, item.name, error ? explain(error) : parts.problem);
        for (const { product } of result.left) left.add(product.id);
      };
      const { products: first, variants: then } = steps(products, edit);
      if (first) await run(first);
      // What was stopped, or went wrong as a whole, is not gone on with.
      if (then && left.size === 0) await run(then);
      else for (const { product } of then?.items ?? []) left.add(product.id);
      return { failures, left, wrong, worked: products.length - union(wrong, left).size };
    },
    onSuccess: ({ left, worked, wrong }, { done }) => {
      if (worked > 0) notice.done(done(worked));
      // With what is still to be done, or to be done differently.
      selection.set(union(wrong, left));
      setOpen(undefined);
    },
    onError: (error) => notice.failed(error),
    onSettled: () => {
      setProgress(undefined);
      void queries.invalidateQueries({ queryKey: ['products'] });
    },
  });

  const run = async (action: Action) => {
    const sure =
      action !== 'delete' ||
      (await confirm({
        title: texts.deleteTitle(chosen.size),
        text: texts.deleteText,
        yes: parts.delete,
        danger: true,
      }));
    const edit: Edit = action === 'delete' ? { delete: true } : { status: STATUS[action] };
    if (sure) write.mutate({ edit, done: texts.bulkDone[action] });
  };

  const busy = write.isPending || selection.gathering !== null;
  return (
    <>
      <Failures
        title={texts.bulkFailed(write.data?.wrong.size ?? 0)}
        failures={write.data?.failures ?? []}
        left={write.data?.left.size ?? 0}
        close={() => write.reset()}
      />
      {(chosen.size > 0 || selection.gathering) && (
        <Paper withBorder p="xs" bg="var(--mantine-primary-color-light)">
          <Group gap="xs">
            <SelectionHead
              selection={selection}
              list={list}
              id={(it) => it.id}
              gather={() => void gather().catch((error: unknown) => notice.failed(error))}
              disabled={busy}
            />
            <Button size="xs" variant="default" disabled={busy} onClick={() => setOpen('form')}>
              {bulk.edit}
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={busy || chosen.size > IN_GRID}
              title={chosen.size > IN_GRID ? bulk.gridMost(formats.number(IN_GRID)) : undefined}
              onClick={() => setOpen('grid')}
            >
              {bulk.grid}
            </Button>
            {(['publish', 'draft', 'archive'] as const).map((action) => (
              <Button
                key={action}
                size="xs"
                variant="default"
                disabled={busy}
                onClick={() => void run(action)}
              >
                {texts.bulk[action]}
              </Button>
            ))}
            <Button
              size="xs"
              variant="default"
              c="red"
              disabled={busy}
              onClick={() => void run('delete')}
            >
              {parts.delete}
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
        </Paper>
      )}
      {open === 'form' && (
        <BulkDialog
          products={selection.items()}
          busy={write.isPending}
          close={() => setOpen(undefined)}
          apply={(edit) => write.mutate({ edit, done: bulk.done })}
        />
      )}
      {open === 'grid' && (
        <BulkGrid ids={[...chosen]} name={selection.find} close={() => setOpen(undefined)} />
      )}
    </>
  );
}
