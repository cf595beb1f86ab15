import { useFormats } from '../../format';
import { shop } from '../../shop';
import { Button } from '../parts/Button';
import { Icon } from '../parts/Icon';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import type { Outcome } from './queries';
import styles from './Step.module.css';
import type { Order } from './timeline';
import { useConfirm } from './useConfirm';

/** What a real bank shows on a page of its own: whether this payment is wanted. */
export function ConfirmStep({ order }: { order: Order }) {
  const { payment: texts } = useTexts();
  const { money, time } = useFormats();
  const until = order.payment?.next_action?.until;
  const said = useSaid();
  const { tell, error, outcome, busy } = useConfirm(order);
  const answer = (outcome: Outcome) => busy || tell(outcome).catch(() => {});
  return (
    <section className={`${styles.step} ${styles.bank}`} aria-busy={busy}>
      <p className={styles.sign}>
        <Icon name="lock" size={18} /> {texts.bank.name}
      </p>
      <div role="alert">
        <h2>{texts.bank.title}</h2>
        <p>{texts.bank.text(money(order.total), shop.name, order.number)}</p>
        {until && <p>{texts.bank.until(time(until))}</p>}
      </div>
      {error && !busy && <Note kind="bad">{said(error)}</Note>}
      <div className={styles.tools}>
        <Button
          busy={busy && outcome === 'approve'}
          aria-disabled={busy}
          onClick={() => answer('approve')}
        >
          {texts.bank.approve}
        </Button>
        <Button
          look="outline"
          busy={busy && outcome === 'deny'}
          aria-disabled={busy}
          onClick={() => answer('deny')}
        >
          {texts.bank.deny}
        </Button>
      </div>
      <p role="status" className={styles.progress}>
        {busy && texts.bank.answered}
      </p>
    </section>
  );
}
