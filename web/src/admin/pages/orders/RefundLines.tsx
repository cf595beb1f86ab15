import { Checkbox, Group, NumberInput, Stack, Text } from '@mantine/core';

import { useFormats } from '../../../format';
import type { Order, Refund } from '../../orders';
import { amountOf, type Chosen, unitsLeft } from '../../refundLines';
import { useTexts } from '../../texts';

type Props = {
  order: Order;
  refunds: Refund[];
  chosen: Chosen;
  choose: (chosen: Chosen) => void;
};

/** The units to refund, line by line, and which of them go back into stock. */
export function RefundLines({ order, refunds, chosen, choose }: Props) {
  const { refundDialog: texts } = useTexts().order;
  const format = useFormats();
  const { currency } = order;
  return (
    <Stack gap="xs" role="group" aria-label={texts.lines}>
      {order.items.map((line) => {
        const left = unitsLeft(line, refunds);
        const { quantity, restock } = chosen[line.sku] ?? { quantity: 0, restock: false };
        const set = (it: Partial<Chosen[string]>) =>
          choose({ ...chosen, [line.sku]: { quantity, restock, ...it } });
        const amount = amountOf(line, quantity, refunds);
        return (
          <Group key={line.sku} gap="sm" align="end" wrap="nowrap">
            <NumberInput
              flex={1}
              label={[line.title, line.variant_title].filter(Boolean).join(', ')}
              description={texts.unitsLeft(left)}
              min={0}
              max={left}
              clampBehavior="strict"
              allowDecimal={false}
              disabled={left === 0}
              value={quantity}
              onChange={(it) => set({ quantity: Number(it) || 0 })}
            />
            <Checkbox
              mb={8}
              label={texts.restock}
              aria-label={texts.restockLine(line.title)}
              disabled={quantity === 0}
              checked={restock && quantity > 0}
              onChange={(event) => set({ restock: event.currentTarget.checked })}
            />
            <Text size="sm" w={80} ta="right" mb={8}>
              {format.money({ amount, currency })}
            </Text>
          </Group>
        );
      })}
    </Stack>
  );
}
