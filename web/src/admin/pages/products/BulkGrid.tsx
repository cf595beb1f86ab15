/** The variants of the chosen products in one table, to be typed and pasted into like a spreadsheet. */

import { Button, Group, Modal, Skeleton, Stack, Table, Text } from '@mantine/core';
import {
  type UseQueryResult,
  useMutation,
  useQueries,
  useQueryClient,
} from '@tanstack/react-query';
import {
  type ClipboardEvent,
  Fragment,
  type KeyboardEvent,
  memo,
  useCallback,
  useRef,
  useState,
} from 'react';

import { useLanguage } from '../../../texts';
import { changeVariants, inChunks } from '../../bulk';
import { ONLY, type Product, productById, type Variant } from '../../catalog';
import { changedSince } from '../../conflict';
import { useConfirm } from '../../parts/confirm';
import { ErrorState } from '../../parts/ErrorState';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import styles from './BulkGrid.module.css';
import { nameOf } from './bulkEdit';
import { COLUMNS, type Column, changeOf, pasted, shown, type Typed, type, valid } from './grid';

/** Rows drawn at once; more of them on demand. */
const DRAWN = 200;

type Props = {
  ids: string[];
  /** A chosen product as the list has it. */
  name: (id: string) => Product | undefined;
  close: () => void;
};

type Line = { product: Product; variant: Variant };

export function BulkGrid({ ids, name, close }: Props) {
  const { bulk, editor, parts } = useTexts();
  const { locale } = useLanguage();
  const notice = useNotice();
  const explain = useExplain();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const table = useRef<HTMLTableElement>(null);
  const [typed, setTyped] = useState<Record<string, Typed>>({});
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [drawn, setDrawn] = useState(DRAWN);
  // Each by itself: the list knows neither what a variant costs the shop nor its version.
  const { lines, loaded, failed } = useQueries({
    queries: ids.map((id) => ({ ...productById(id), staleTime: 0 })),
    combine: together,
  });
  const dirty = Object.keys(typed).length;

  const now = useRef({ lines, locale });
  now.current = { lines, locale };
  const write = useCallback((cells: { at: number; column: Column; text: string }[]) => {
    const { lines, locale } = now.current;
    setTyped((before) => {
      const next = { ...before };
      for (const { at, column, text } of cells) {
        const variant = lines[at]?.variant;
        if (!variant) continue;
        const row = type(next[variant.id], variant, column, text, locale);
        if (row) next[variant.id] = row;
        else delete next[variant.id];
      }
      return next;
    });
  }, []);

  const focus = (at: number, column: number) =>
    table.current
      ?.querySelector<HTMLInputElement>(`[data-at="${at}"][data-column="${column}"]`)
      ?.focus();
  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    const cell = place(event.target);
    if (!cell || event.nativeEvent.isComposing) return;
    const by = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    focus(cell.at + (event.key === 'Enter' && event.shiftKey ? -1 : by), cell.column);
  };
  const onPaste = (event: ClipboardEvent<HTMLTableElement>) => {
    const cell = place(event.target);
    const rows = pasted(event.clipboardData.getData('text/plain'));
    // A single value goes where the cursor is, as anywhere.
    if (!cell || (rows.length === 1 && rows[0]?.length === 1)) return;
    event.preventDefault();
    write(
      rows.flatMap((row, down) =>
        row.flatMap((text, right) => {
          const column = COLUMNS[cell.column + right];
          return column ? [{ at: cell.at + down, column, text }] : [];
        }),
      ),
    );
  };

  const save = useMutation({
    mutationFn: async () => {
      const rows = Object.entries(typed).map(([id, row]) => changeOf(id, row));
      return await inChunks(rows, changeVariants);
    },
    onSuccess: async ({ done, failed, left }) => {
      const open = new Map(
        [...failed, ...left.map((item) => ({ item, error: undefined }))].map((it) => [
          it.item.id,
          it.error,
        ]),
      );
      if (done.length > 0) notice.done(bulk.variantsDone(done.length));
      if (open.size > 0) notice.wrong(bulk.variantsFailed(open.size));
      // Saved once more, what was changed meanwhile is meant all the same.
      setTyped((before) =>
        Object.fromEntries(
          Object.entries(before)
            .filter(([id]) => open.has(id))
            .map(([id, row]) => {
              const version = changedSince(open.get(id))?.version;
              return [id, version === undefined ? row : { ...row, version }];
            }),
        ),
      );
      setWrong(
        Object.fromEntries(
          [...open].map(([id, error]) => [
            id,
            changedSince(error) ? bulk.changedMeanwhile : error ? explain(error) : bulk.notTried,
          ]),
        ),
      );
      await queries.invalidateQueries({ queryKey: ['products'] });
      if (open.size === 0) close();
    },
    onError: (error) => notice.failed(error),
  });

  const submit = () => {
    const bad = lines.findIndex(({ variant }) =>
      COLUMNS.some((it) => {
        const text = typed[variant.id]?.cells[it];
        return text !== undefined && !valid(it, text);
      }),
    );
    if (bad < 0) return save.mutate();
    setDrawn((before) => Math.max(before, bad + 1));
    notice.check();
    requestAnimationFrame(() =>
      table.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  };
  const leave = async () => {
    if (save.isPending) return;
    const { title, text, leave: yes, stay: no } = parts.leave;
    if (dirty === 0 || (await confirm({ title, text, yes, no, danger: true }))) close();
  };

  return (
    <Modal
      opened
      onClose={() => void leave()}
      fullScreen
      title={bulk.gridTitle(ids.length)}
      closeButtonProps={{ 'aria-label': parts.close }}
    >
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {bulk.gridHelp}
        </Text>
        {failed && <ErrorState error={failed.error} again={() => void failed.refetch()} />}
        {!loaded && !failed && (
          <div role="status" aria-label={parts.loading}>
            <Skeleton h={320} />
          </div>
        )}
        {loaded && (
          <Table.ScrollContainer
            minWidth={820}
            maxHeight="calc(100dvh - 15rem)"
            type="native"
            tabIndex={0}
            role="region"
            aria-label={editor.variantsTable}
          >
            <Table
              ref={table}
              stickyHeader
              withColumnBorders
              verticalSpacing={2}
              horizontalSpacing={4}
              aria-label={editor.variantsTable}
              onKeyDown={onKeyDown}
              onPaste={onPaste}
            >
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{editor.variant}</Table.Th>
                  <Table.Th scope="col">{editor.fields.sku}</Table.Th>
                  {COLUMNS.map((it) => (
                    <Table.Th key={it} scope="col" ta={it === 'barcode' ? 'left' : 'right'}>
                      {editor.fields[it]}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {lines.slice(0, drawn).map(({ product, variant }, at) => (
                  <Fragment key={variant.id}>
                    {lines[at - 1]?.product.id !== product.id && (
                      <Table.Tr bg="var(--mantine-color-default-hover)">
                        <Table.Th colSpan={2 + COLUMNS.length} scope="rowgroup">
                          {name(product.id)?.title ?? product.title}
                        </Table.Th>
                      </Table.Tr>
                    )}
                    <GridRow
                      at={at}
                      product={product}
                      variant={variant}
                      typed={typed[variant.id]}
                      wrong={wrong[variant.id]}
                      write={write}
                    />
                  </Fragment>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        <Group justify="flex-end">
          {lines.length > drawn && (
            <Button variant="default" mr="auto" onClick={() => setDrawn(drawn + DRAWN)}>
              {bulk.showRows(lines.length - drawn)}
            </Button>
          )}
          <Text size="sm" role="status">
            {dirty > 0 ? bulk.variantsTyped(dirty) : ''}
          </Text>
          <Button variant="default" disabled={save.isPending} onClick={() => void leave()}>
            {parts.cancel}
          </Button>
          <Button loading={save.isPending} disabled={dirty === 0} onClick={submit}>
            {parts.save}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** All variants, in the order of their products. */
function together(read: UseQueryResult<Product>[]) {
  return {
    lines: read.flatMap(({ data: product }) =>
      product ? product.variants.map((variant): Line => ({ product, variant })) : [],
    ),
    loaded: read.every((it) => it.data !== undefined),
    failed: read.find((it) => it.error && !it.data),
  };
}

function place(target: EventTarget): { at: number; column: number } | null {
  if (!(target instanceof HTMLInputElement) || target.dataset.at === undefined) return null;
  return { at: Number(target.dataset.at), column: Number(target.dataset.column) };
}

type RowProps = Line & {
  at: number;
  typed: Typed | undefined;
  wrong: string | undefined;
  write: (cells: { at: number; column: Column; text: string }[]) => void;
};

const GridRow = memo(function GridRow({ at, product, variant, typed, wrong, write }: RowProps) {
  const { editor } = useTexts();
  const { locale } = useLanguage();
  const name = nameOf(product, variant);
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {variant.title === ONLY ? product.title : variant.title}
        {wrong && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {wrong}
          </Text>
        )}
      </Table.Th>
      <Table.Td>
        <Text size="sm">{variant.sku}</Text>
      </Table.Td>
      {COLUMNS.map((column, n) => {
        const text = typed?.cells[column];
        return (
          <Table.Td key={column}>
            <input
              className={`${styles.cell} ${column === 'barcode' ? '' : styles.number}`}
              aria-label={editor.fieldOf(editor.fields[column], name)}
              aria-invalid={text !== undefined && !valid(column, text)}
              inputMode={column === 'barcode' ? 'text' : 'decimal'}
              autoComplete="off"
              spellCheck={false}
              maxLength={255}
              data-at={at}
              data-column={n}
              data-typed={text !== undefined || undefined}
              // Escape is for the cell then, not for the window.
              data-mantine-stop-propagation={text !== undefined}
              value={text ?? shown(variant, column, locale)}
              onFocus={(event) => event.currentTarget.select()}
              onChange={(event) => write([{ at, column, text: event.currentTarget.value }])}
              onKeyDown={(event) => {
                if (event.key !== 'Escape' || text === undefined) return;
                write([{ at, column, text: shown(variant, column, locale) }]);
              }}
            />
          </Table.Td>
        );
      })}
    </Table.Tr>
  );
});
