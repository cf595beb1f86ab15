import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useFormats } from '../../format';
import { type Payment, usePayment } from '../checkout/methods';
import { PaymentChoice } from '../checkout/PaymentChoice';
import { usePursuit } from '../checkout/usePursuit';
import { Button } from '../parts/Button';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import { orderQuery, payAgain, paymentQuery, payments } from './queries';
import styles from './Step.module.css';
import { attemptsLeft, type Order, wasGone } from './timeline';

/** The payment was declined: another one, as long as the goods are there. */
export function PayStep({ order }: { order: Order }) {
  const { payment: texts } = useTexts();
  const { money } = useFormats();
  const said = useSaid();
  const queries = useQueryClient();
  const declined = useQuery(paymentQuery(order));
  const [chosen, choose] = useState<Payment | null>(null);
  const payment = usePayment(chosen);
  const [error, setError] = useState<unknown>(null);
  const slot = useMemo(() => payments(order.id), [order.id]);
  const look = () => queries.invalidateQueries(orderQuery(order.id));
  const { pursuit, begin, ask } = usePursuit({
    slot,
    send: payAgain,
    onDone: look,
    onRefused: (error) => {
      setError(error);
      void look();
    },
  });
  const left = attemptsLeft(order.history ?? []);
  const reasons = texts.reasons as Record<string, string>;
  const reason = declined.data?.reason ?? 'declined';
  const gone = wasGone(order);
  return (
    <section className={styles.step}>
      <div role="alert">
        <h2>{gone ? texts.outOfStock : texts.declined}</h2>
        <p>{gone ? texts.outOfStockText : (reasons[reason] ?? texts.reasons.declined)}</p>
        <p>{texts.attemptsLeft(left)}</p>
      </div>
      {error !== null && !gone && <Note kind="bad">{said(error)}</Note>}
      {pursuit?.phase === 'asking' && pursuit.tries > 0 && (
        <Note kind="warn" role="status">
          {texts.checking}
        </Note>
      )}
      <PaymentChoice value={payment} onChange={choose} />
      {pursuit?.phase === 'stale' || pursuit?.phase === 'login' ? (
        <Button onClick={ask}>{texts.checkStatus}</Button>
      ) : (
        <Button
          busy={pursuit !== null}
          onClick={() => {
            if (!payment) return;
            setError(null);
            void begin({
              user: order.user_id ?? null,
              cart: null,
              body: { order: order.id, ...payment },
            });
          }}
        >
          {texts.pay(money(order.total))}
        </Button>
      )}
    </section>
  );
}
