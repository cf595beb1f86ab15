import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { isProblem, type Problem } from '../../api/problem';
import { type Money, useFormats } from '../../format';
import { useCart } from '../cart';
import { Button } from '../parts/Button';
import { Note } from '../parts/Note';
import { useTexts } from '../texts';
import styles from './Refusal.module.css';

const KNOWN = ['out_of_stock', 'total_changed', 'cart_already_ordered', 'cart_already_paid'];

/** Whether there is more to say about it than its sentence. */
export function isKnown(error: unknown): error is Problem {
  return isProblem(error) && KNOWN.includes(error.code);
}

type Props = {
  error: unknown;
  /** Orders the cart as it is now in place of the order that waits. */
  startOver: () => void;
};

/** Why nothing was ordered, and what to do about it. */
export function Refusal({ error, startOver }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isKnown(error)) box.current?.focus();
  }, [error]);
  if (!isKnown(error)) return null;
  return (
    <div ref={box} tabIndex={-1} className={styles.refusal}>
      <Note kind="warn" role="alert">
        <Words problem={error} startOver={startOver} />
      </Note>
    </div>
  );
}

function Words({ problem, startOver }: { problem: Problem; startOver: () => void }) {
  const { checkout } = useTexts();
  const { money } = useFormats();
  const { data: cart } = useCart();
  const texts = checkout.refused;
  const { body } = problem;
  switch (problem.code) {
    case 'out_of_stock': {
      const short = (body.skus ?? []) as { sku: string; available: number }[];
      const title = (sku: string) => cart?.items.find((it) => it.sku === sku)?.title ?? sku;
      return (
        <>
          <h2>{texts.outOfStock}</h2>
          <ul>
            {short.map(({ sku, available }) => (
              <li key={sku}>{texts.left(title(sku), available)}</li>
            ))}
          </ul>
          <Link to="/cart">{texts.editCart}</Link>
        </>
      );
    }
    case 'total_changed': {
      const { total, currency } = body.totals as { total: number; currency?: string };
      const now: Money = { amount: total, currency: currency ?? cart?.currency ?? 'USD' };
      return (
        <>
          <h2>{texts.totalChanged}</h2>
          <p>{texts.newTotal(money(now))}</p>
        </>
      );
    }
    case 'cart_already_paid':
      return (
        <>
          <h2>{texts.alreadyPaid}</h2>
          <p>{texts.alreadyPaidText(String(body.number))}</p>
          <Link to="/orders/$id" params={{ id: String(body.order_id) }}>
            {texts.viewOrder}
          </Link>
        </>
      );
    default:
      return (
        <>
          <h2>{texts.alreadyOrdered}</h2>
          <p>{texts.alreadyOrderedText(String(body.number))}</p>
          <Link to="/orders/$id" params={{ id: String(body.order_id) }}>
            {texts.viewOrder}
          </Link>
          <Button type="button" onClick={startOver}>
            {texts.replaceOrder}
          </Button>
        </>
      );
  }
}
