import { Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { type Order, ship } from '../../orders';
import { FormDialog } from '../../parts/FormDialog';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import { useOrderChanged } from './useOrderChanged';

type Props = { order: Order; opened: boolean; close: () => void };

/** Says that an order is on its way, or puts its tracking number right. */
export function ShipDialog({ order, opened, close }: Props) {
  const { order: texts } = useTexts();
  const notice = useNotice();
  const changed = useOrderChanged(order);
  const again = order.status === 'shipped';
  const [tracking, setTracking] = useState('');
  const shipping = useMutation({
    mutationFn: () => ship(order.id, tracking.trim()),
    onSuccess: (now) => {
      changed(now);
      notice.done(again ? texts.trackingSaved : texts.shipped(order.number));
      close();
    },
    onError: () => changed(),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (!opened) return;
    setTracking(order.tracking_number ?? '');
    shipping.reset();
  }, [opened]);
  const dialog = again ? texts.trackingDialog : texts.shipDialog;
  return (
    <FormDialog
      title={dialog.title(order.number)}
      opened={opened}
      close={close}
      yes={dialog.yes}
      busy={shipping.isPending}
      disabled={again && tracking.trim() === ''}
      error={shipping.error}
      onSubmit={() => shipping.mutate()}
    >
      <Text size="sm">{dialog.text}</Text>
      <TextInput
        data-autofocus
        label={texts.tracking}
        description={again ? undefined : texts.trackingOptional}
        maxLength={100}
        value={tracking}
        onChange={(event) => setTracking(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
