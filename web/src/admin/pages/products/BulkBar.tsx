/** What can be done with all chosen products at once, and what became of each. */

import { Alert, Button, Group, List, Paper, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../../api/client';
import { Problem } from '../../../api/problem';
import type { Product } from '../../catalog';
import { useConfirm } from '../../parts/confirm';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';

/** Products one request may name. */
const AT_ONCE = 100;

type BulkAction = Schemas['ProductsAction'];
type Outcome = Schemas['ProductOutcome'];

type Props = {
  chosen: ReadonlySet<string>;
  rows: Product[] | undefined;
  /** Called with the products it did not work for. */
  done: (failed: string[]) => void;
  clear: () => void;
};

export function BulkBar({ chosen, rows, done, clear }: Props) {
  const { products: texts, parts } = useTexts();
  const notice = useNotice();
  const explain = useExplain();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const name = (id: string) => rows?.find((it) => it.id === id)?.title ?? id;

  const write = useMutation({
    mutationFn: async (action: BulkAction) => {
      const ids = [...chosen];
      const outcomes: (Outcome & { name: string })[] = [];
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const body = { ids: ids.slice(at, at + AT_ONCE), action };
        const answer = await ok(api.POST('/api/v1/products/bulk', { body }));
        outcomes.push(...answer.items.map((it) => ({ ...it, name: name(it.id) })));
      }
      return outcomes;
    },
    onSuccess: (outcomes, action) => {
      const failed = outcomes.filter((it) => !it.ok);
      const worked = outcomes.length - failed.length;
      if (worked > 0) notice.done(texts.bulkDone[action](worked));
      done(failed.map((it) => it.id));
    },
    onError: (error) => notice.failed(error),
    onSettled: () => queries.invalidateQueries({ queryKey: ['products'] }),
  });

  const run = async (action: BulkAction) => {
    const sure =
      action !== 'delete' ||
      (await confirm({
        title: texts.deleteTitle(chosen.size),
        text: texts.deleteText,
        yes: parts.delete,
        danger: true,
      }));
    if (sure) write.mutate(action);
  };

  const failed = write.data?.filter((it) => !it.ok) ?? [];
  return (
    <>
      {failed.length > 0 && (
        <Alert
          role="alert"
          color="red"
          variant="light"
          title={texts.bulkFailed(failed.length)}
          withCloseButton
          closeButtonLabel={parts.close}
          onClose={() => write.reset()}
        >
          <List size="sm">
            {failed.map((it) => (
              <List.Item key={it.id}>
                <b>{it.name}</b>: {it.problem ? explain(new Problem(it.problem)) : parts.problem}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {chosen.size > 0 && (
        <Paper withBorder p="xs" bg="var(--mantine-primary-color-light)">
          <Group gap="xs">
            <Text size="sm" fw={600} px="xs" role="status">
              {parts.selected(chosen.size)}
            </Text>
            {(['publish', 'draft', 'archive'] as const).map((action) => (
              <Button
                key={action}
                size="xs"
                variant="default"
                loading={write.isPending && write.variables === action}
                disabled={write.isPending}
                onClick={() => void run(action)}
              >
                {texts.bulk[action]}
              </Button>
            ))}
            <Button
              size="xs"
              variant="default"
              c="red"
              disabled={write.isPending}
              onClick={() => void run('delete')}
            >
              {parts.delete}
            </Button>
            <Button size="xs" variant="subtle" color="gray" c="inherit" onClick={clear}>
              {parts.clearSelection}
            </Button>
          </Group>
        </Paper>
      )}
    </>
  );
}
