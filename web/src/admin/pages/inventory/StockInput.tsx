/** What is on hand of a SKU, changed in place: by what was seen, so that no sale is undone. */

import { ActionIcon, Button, Group, NumberInput, Text } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { changedTo, type Inventory, type StockWrite, writeStock } from '../../catalog';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';

type Props = {
  stock: Inventory;
  /** Shown above the field; without it the SKU names the field for screen readers. */
  label?: string;
};

/** A figure that was typed, and the one it was typed over. */
type Typed = { value: number; seen: number };

export function StockInput({ stock, label }: Props) {
  const { inventory: texts } = useTexts();
  const formats = useFormats();
  const notice = useNotice();
  const explain = useExplain();
  const queries = useQueryClient();
  const [typed, setTyped] = useState<Typed | null>(null);
  const value = typed?.value ?? stock.on_hand;
  const changed = typed !== null && typed.value !== typed.seen;
  const save = useMutation({
    mutationFn: (write: StockWrite) => writeStock(stock.sku, write),
    onSuccess: async (now) => {
      notice.done(texts.saved(now.sku, formats.number(now.on_hand)));
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['inventory'] }),
        queries.invalidateQueries({ queryKey: ['products'] }),
      ]);
      setTyped(null);
    },
  });
  const now = changedTo(save.error);
  const wrong = save.error && now === undefined ? explain(save.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && !save.isPending) {
          save.mutate({ on_hand: typed.value, expected: typed.seen });
        }
      }}
    >
      <Group gap={6} align="flex-end" wrap="nowrap">
        <NumberInput
          {...(label ? { label } : { 'aria-label': texts.onHandOf(stock.sku) })}
          size="sm"
          w={label ? 180 : 110}
          min={0}
          max={1_000_000_000}
          allowDecimal={false}
          value={value}
          error={wrong}
          onChange={(it) => {
            save.reset();
            setTyped({ value: it === '' ? 0 : Number(it), seen: typed?.seen ?? stock.on_hand });
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && changed) {
              event.stopPropagation();
              setTyped(null);
              save.reset();
            }
          }}
        />
        <ActionIcon
          type="submit"
          size={36}
          variant="filled"
          aria-label={texts.saveOf(stock.sku)}
          loading={save.isPending}
          style={{ visibility: changed ? 'visible' : 'hidden' }}
        >
          <IconCheck size={18} aria-hidden />
        </ActionIcon>
      </Group>
      {typed && now !== undefined && <Decide typed={typed} now={now} save={save.mutate} />}
    </form>
  );
}

type DecideProps = { typed: Typed; now: number; save: (write: StockWrite) => void };

/** The stock is another one by now: what was typed as a difference, or as a count. */
function Decide({ typed, now, save }: DecideProps) {
  const { inventory: texts } = useTexts();
  const formats = useFormats();
  const by = typed.value - typed.seen;
  const signed = `${by > 0 ? '+' : '−'}${formats.number(Math.abs(by))}`;
  return (
    <div role="alert">
      <Text size="sm" c="var(--mantine-color-error)" mt={4} maw={260}>
        {texts.changedMeanwhile(formats.number(now), formats.number(typed.seen))}
      </Text>
      <Group gap={6} mt={4}>
        <Button size="compact-sm" variant="default" onClick={() => save({ adjust: by })}>
          {texts.adjustTo(signed, formats.number(now + by))}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => save({ on_hand: typed.value, expected: now })}
        >
          {texts.setTo(formats.number(typed.value))}
        </Button>
      </Group>
    </div>
  );
}
