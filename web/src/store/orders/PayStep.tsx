import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useFormats } from '../../format';
import { usePaying } from '../checkout/methods';
import { PaymentChoice } from '../checkout/PaymentChoice';
import { TestMode } from '../checkout/TestMode';
import { usePursuit } from '../checkout/usePursuit';
import { Button } from '../parts/Button';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import { isPlaced } from './nextAction';
import { payAgain, paymentQuery, payments, readSoon } from './queries';
import styles from './Step.module.css';
import { attemptsLeft, buyerOf, type Order, purchaseOf, wasGone } from './timeline';

/** The payment was declined: another one, as long as the goods are there. */
export function PayStep({ order }: { order: Order }) {
  const { payment: texts } = useTexts();
  const { money } = useFormats();
  const said = useSaid();
  const queries = useQueryClient();
  const declined = useQuery(paymentQuery(order));
  const paying = usePaying(purchaseOf(order), { keeps: !!order.user_id });
  const buyer = buyerOf(order);
  const [taking, setTaking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const slot = useMemo(() => payments(order.id), [order.id]);
  const look = () => {
    isPlaced(order.id);
    return readSoon(queries, order.id);
  };
  const { pursuit, begin, ask } = usePursuit({
    slot,
    send: payAgain,
    onDone: look,
    onRefused: (error) => {
      setError(error);
      void look();
    },
  });
  const pay = async () => {
    if (!paying.method) return;
    setError(null);
    setTaking(true);
    const payment = await paying.take(buyer);
    setTaking(false);
    if (!payment) return;
    const body = { order: order.id, ...payment };
    await begin({ user: order.user_id ?? null, cart: null, body });
  };
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
      <TestMode paying={paying} />
      <PaymentChoice paying={paying} addressed={buyer.address !== undefined} />
      {pursuit?.phase === 'stale' || pursuit?.phase === 'login' ? (
        <Button onClick={ask}>{texts.checkStatus}</Button>
      ) : (
        <Button
          busy={pursuit !== null || taking}
          aria-disabled={!paying.method}
          onClick={() => void pay()}
        >
          {texts.pay(money(order.total))}
        </Button>
      )}
    </section>
  );
}
