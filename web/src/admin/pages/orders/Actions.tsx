/** What can be done about an order by who is looking at it, as it stands. */

import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { useMay } from '../../may';
import { capture, deliver, hasLinks, type Order, paymentQuery, revokeLinks } from '../../orders';
import { useConfirm } from '../../parts/confirm';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import { CancelDialog } from './CancelDialog';
import { RefundDialog } from './RefundDialog';
import { ShipDialog } from './ShipDialog';
import { useOrderChanged } from './useOrderChanged';

export function Actions({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const may = useMay();
  const confirm = useConfirm();
  const notice = useNotice();
  const changed = useOrderChanged(order);
  const [shipping, ship] = useDisclosure();
  const [cancelling, cancel] = useDisclosure();
  const delivering = useMutation({
    mutationFn: () => deliver(order.id),
    onSuccess: (order) => {
      changed(order);
      notice.done(texts.delivered(order.number));
    },
    onError: (error) => {
      changed();
      notice.failed(error);
    },
  });
  const askDeliver = async () => {
    const { number } = order;
    const { title, text, yes } = texts.deliverDialog;
    if (await confirm({ title: title(number), text, yes })) delivering.mutate();
  };

  const { status } = order;
  const writes = may('orders:write');
  return (
    <>
      {may('payments:capture') && <Capture order={order} />}
      {may('payments:refund') && <Refund order={order} />}
      {writes && hasLinks(order) && <RevokeLinks order={order} />}
      {writes && (status === 'pending' || status === 'confirmed') && (
        <Button variant="default" onClick={cancel.open}>
          {texts.cancel}
        </Button>
      )}
      {writes && status === 'shipped' && (
        <Button variant="default" onClick={ship.open}>
          {texts.editTracking}
        </Button>
      )}
      {writes && status === 'confirmed' && <Button onClick={ship.open}>{texts.ship}</Button>}
      {writes && status === 'shipped' && (
        <Button loading={delivering.isPending} onClick={() => void askDeliver()}>
          {texts.deliver}
        </Button>
      )}
      <ShipDialog order={order} opened={shipping} close={ship.close} />
      <CancelDialog order={order} opened={cancelling} close={cancel.close} />
    </>
  );
}

/** Offered where links of mails open the order: one may have come to somebody else. */
function RevokeLinks({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const confirm = useConfirm();
  const notice = useNotice();
  const revoking = useMutation({
    mutationFn: () => revokeLinks(order.id),
    onSuccess: () => notice.done(texts.linksRevoked),
    onError: (error) => notice.failed(error),
  });
  const ask = async () => {
    const { title, text, yes } = texts.revokeDialog;
    if (await confirm({ title: title(order.number), text, yes, danger: true })) revoking.mutate();
  };
  return (
    <Button variant="default" loading={revoking.isPending} onClick={() => void ask()}>
      {texts.revokeLinks}
    </Button>
  );
}

/** Offered for a confirmed order whose payment is only held. */
function Capture({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const format = useFormats();
  const confirm = useConfirm();
  const notice = useNotice();
  const changed = useOrderChanged(order);
  const id = order.payment?.id ?? '';
  const capturing = useMutation({
    mutationFn: () => capture(id),
    onSuccess: (payment) => {
      changed();
      notice.done(payment.status === 'capturing' ? texts.capturing : texts.captureDone);
    },
    onError: (error) => {
      changed();
      notice.failed(error);
    },
  });
  if (id === '' || order.status !== 'confirmed' || order.payment_status !== 'authorized') {
    return null;
  }
  const ask = async () => {
    const { title, text, yes } = texts.captureDialog;
    if (await confirm({ title: title(format.money(order.total)), text, yes })) capturing.mutate();
  };
  return (
    <Button variant="default" loading={capturing.isPending} onClick={() => void ask()}>
      {texts.capture}
    </Button>
  );
}

/** Offered as long as the payment has something to give back. */
function Refund({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const may = useMay();
  const [opened, { open, close }] = useDisclosure();
  const id = order.payment?.id ?? '';
  const { data: payment } = useQuery({
    ...paymentQuery(id),
    enabled: id !== '' && may('payments:read'),
  });
  const paid = order.payment_status === 'paid' || order.payment_status === 'partially_refunded';
  const spent = payment !== undefined && payment.refunded.amount >= payment.captured.amount;
  if (!paid || spent || id === '') return null;
  return (
    <>
      <Button variant="default" onClick={open}>
        {texts.refund}
      </Button>
      <RefundDialog order={order} id={id} payment={payment} opened={opened} close={close} />
    </>
  );
}
