import { Button, Checkbox, Group, Select, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { isProblem } from '../../../api/problem';
import { useFormats } from '../../../format';
import { useMay } from '../../may';
import {
  type Order,
  type Payment,
  REFUND_REASONS,
  type RefundReason,
  type RefundRequest,
  refund,
  refundable,
  refundsQuery,
} from '../../orders';
import { FormDialog } from '../../parts/FormDialog';
import { MoneyInput } from '../../parts/MoneyInput';
import { useNotice } from '../../parts/notice';
import { refundKey, settleRefundKey } from '../../refundKey';
import { amountOfAll, type Chosen, wanted } from '../../refundLines';
import { useTexts } from '../../texts';
import { RefundLines } from './RefundLines';
import { useOrderChanged } from './useOrderChanged';

type Props = {
  order: Order;
  /** The payment's. */
  id: string;
  /** Undefined where one may not see it, or it is not there yet. */
  payment: Payment | undefined;
  opened: boolean;
  close: () => void;
};

/** Gives back units of lines, an amount, or all that was paid. Sent twice, it gives it back once. */
export function RefundDialog({ order, id, payment, opened, close }: Props) {
  const { order: texts } = useTexts();
  const format = useFormats();
  const notice = useNotice();
  const changed = useOrderChanged(order);
  const { currency } = order;
  const { left, known, refunds } = useLeft(order, id, payment, opened);
  const [amount, setAmount] = useState<number | null>(null);
  const [chosen, setChosen] = useState<Chosen>({});
  const [restock, setRestock] = useState(false);
  const [reason, setReason] = useState<RefundReason>('customer_request');
  const [note, setNote] = useState('');
  const lines = wanted(chosen);
  // What the lines come to is said by the shop, unless somebody says otherwise.
  const sum = amount ?? (lines.length > 0 ? amountOfAll(order.items, chosen, refunds) : left);

  const refunding = useMutation({
    mutationFn: () => {
      const asked: RefundRequest = {
        reason,
        ...(note.trim() && { note: note.trim() }),
        ...(lines.length > 0 ? { lines } : { restock }),
        ...((amount !== null || lines.length === 0) && { amount: { amount: sum, currency } }),
      };
      return refund(id, asked, refundKey(id));
    },
    onSuccess: (done) => {
      settleRefundKey(id);
      changed();
      if (done.status === 'failed') return;
      const sum = format.money(done.amount);
      notice.done(done.status === 'succeeded' ? texts.refundDone(sum) : texts.refundPending(sum));
      close();
    },
    onError: (error) => {
      settleRefundKey(id, error);
      changed();
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (!opened) return;
    setAmount(null);
    setChosen({});
    setRestock(false);
    setReason('customer_request');
    setNote('');
    refunding.reset();
  }, [opened]);

  const money = (amount: number) => format.money({ amount, currency });
  const tooMuch = sum > left;
  const refused = refunding.data?.status === 'failed' ? refunding.data : undefined;
  const { refundReasons } = useTexts();
  const { title, text, fullAmount, amountLabel, reasonLabel, noteLabel, noteHelp, yes } =
    texts.refundDialog;
  return (
    <FormDialog
      title={title(order.number)}
      opened={opened}
      close={close}
      yes={yes(money(sum))}
      danger
      busy={refunding.isPending}
      disabled={sum < 1 || tooMuch}
      error={refunding.error}
      problem={useWords(refunding.error, refused?.failure)}
      onSubmit={() => refunding.mutate()}
    >
      <Text size="sm">{text}</Text>
      <RefundLines order={order} refunds={refunds} chosen={chosen} choose={setChosen} />
      <Group align="end" gap="xs">
        <MoneyInput
          data-autofocus
          flex={1}
          label={amountLabel}
          description={known ? texts.refundDialog.available(money(left)) : undefined}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          currency={currency}
          value={sum}
          onChange={(it) => setAmount(it ?? 0)}
          error={tooMuch ? texts.refundDialog.tooMuch(money(left)) : undefined}
        />
        <Button variant="default" mb={22} onClick={() => setAmount(left)}>
          {fullAmount}
        </Button>
      </Group>
      {lines.length === 0 && (
        <Checkbox
          label={texts.refundDialog.restockAll}
          checked={restock}
          onChange={(event) => setRestock(event.currentTarget.checked)}
        />
      )}
      <Select
        label={reasonLabel}
        data={REFUND_REASONS.map((value) => ({ value, label: refundReasons[value] }))}
        allowDeselect={false}
        value={reason}
        onChange={(it) => it && setReason(it as RefundReason)}
      />
      <Textarea
        label={noteLabel}
        description={noteHelp}
        maxLength={500}
        autosize
        minRows={2}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </FormDialog>
  );
}

/** What can be given back at most; the order's total where one may not see the payment. */
function useLeft(order: Order, id: string, payment: Payment | undefined, opened: boolean) {
  const may = useMay();
  const enabled = opened && may('payments:read');
  const { data: refunds } = useQuery({ ...refundsQuery(id), enabled });
  if (!payment || !refunds) return { left: order.total.amount, known: false, refunds: [] };
  return { left: refundable(payment, refunds.items), known: true, refunds: refunds.items };
}

/** Why a refund did not work, or what is not known of it. */
function useWords(error: unknown, failure: string | null | undefined) {
  const { order: texts, reasons } = useTexts();
  const known: Record<string, string> = reasons;
  if (failure) return texts.refundRefused(known[failure] ?? failure);
  if (!error) return undefined;
  if (isProblem(error) && error.status < 500) return undefined;
  return texts.refundUnknown;
}
