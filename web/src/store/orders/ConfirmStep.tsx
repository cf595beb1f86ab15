import { useMutation, useQueryClient } from '@tanstack/react-query';

import { useFormats } from '../../format';
import { shop } from '../../shop';
import { Button } from '../parts/Button';
import { Icon } from '../parts/Icon';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import { confirm, orderQuery } from './queries';
import styles from './Step.module.css';
import type { Order } from './timeline';

/** What a real bank shows on a page of its own: whether this payment is wanted. */
export function ConfirmStep({ order }: { order: Order }) {
  const { payment: texts } = useTexts();
  const { money, time } = useFormats();
  const until = order.payment?.next_action?.until;
  const said = useSaid();
  const queries = useQueryClient();
  const answer = useMutation({
    mutationFn: (outcome: 'approve' | 'deny') => confirm(order, outcome),
    // Also where it was answered before: the order knows.
    onSettled: () => queries.invalidateQueries(orderQuery(order.id)),
  });
  return (
    <section className={`${styles.step} ${styles.bank}`}>
      <p className={styles.sign}>
        <Icon name="lock" size={18} /> {texts.bank.name}
      </p>
      <div role="alert">
        <h2>{texts.bank.title}</h2>
        <p>{texts.bank.text(money(order.total), shop.name, order.number)}</p>
        {until && <p>{texts.bank.until(time(until))}</p>}
      </div>
      {answer.error && <Note kind="bad">{said(answer.error)}</Note>}
      <div className={styles.tools}>
        <Button
          busy={answer.isPending && answer.variables === 'approve'}
          onClick={() => answer.isPending || answer.mutate('approve')}
        >
          {texts.bank.approve}
        </Button>
        <Button
          look="outline"
          busy={answer.isPending && answer.variables === 'deny'}
          onClick={() => answer.isPending || answer.mutate('deny')}
        >
          {texts.bank.deny}
        </Button>
      </div>
    </section>
  );
}
