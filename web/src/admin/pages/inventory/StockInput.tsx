/** What is on hand of a SKU, set in place. */

import { ActionIcon, Group, NumberInput } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { type Inventory, setStock } from '../../catalog';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';

type Props = {
  stock: Inventory;
  /** Shown above the field; without it the SKU names the field for screen readers. */
  label?: string;
};

export function StockInput({ stock, label }: Props) {
  const { inventory: texts } = useTexts();
  const formats = useFormats();
  const notice = useNotice();
  const explain = useExplain();
  const queries = useQueryClient();
  const [typed, setTyped] = useState<number | null>(null);
  const [wrong, setWrong] = useState<string>();
  const value = typed ?? stock.on_hand;
  const changed = value !== stock.on_hand;
  const save = useMutation({
    mutationFn: (on_hand: number) => setStock(stock.sku, on_hand),
    onSuccess: async (now) => {
      setWrong(undefined);
      notice.done(texts.saved(now.sku, formats.number(now.on_hand)));
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['inventory'] }),
        queries.invalidateQueries({ queryKey: ['products'] }),
      ]);
      setTyped(null);
    },
    onError: (error) => setWrong(explain(error)),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && !save.isPending) save.mutate(value);
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
            setWrong(undefined);
            setTyped(it === '' ? 0 : Number(it));
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && changed) {
              event.stopPropagation();
              setTyped(null);
              setWrong(undefined);
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
    </form>
  );
}
