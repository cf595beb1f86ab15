import { useEffect, useRef } from 'react';

import { useFormats } from '../../format';
import type { Cart } from '../cart';
import { Button } from '../parts/Button';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import { Line } from './Line';
import styles from './Lines.module.css';
import { usePriceChanges } from './seen';
import { useEdits } from './useEdits';

/** What is in the cart, with all one can do to it. */
export function Lines({ cart }: { cart: Cart }) {
  const { cart: texts } = useTexts();
  const said = useSaid();
  const { failure, removed, setQuantity, remove, putBack } = useEdits();
  const undo = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The button that had the focus is gone with its line.
    if (removed) undo.current?.focus();
  }, [removed]);
  return (
    <div className={styles.lines}>
      <Notices cart={cart} />
      {failure !== null && <Note kind="bad">{said(failure)}</Note>}
      {removed && (
        <Note kind="plain">
          <span className={styles.undo}>
            {texts.removed(removed.title ?? removed.sku)}
            <Button look="outline" ref={undo} onClick={() => putBack(removed)}>
              {texts.undo}
            </Button>
          </span>
        </Note>
      )}
      {cart.items.length === 0 ? (
        <p className={styles.empty}>{texts.empty}</p>
      ) : (
        <ul>
          {cart.items.map((item) => (
            <Line
              key={item.sku}
              item={item}
              onQuantity={(quantity) => setQuantity(item, quantity)}
              onRemove={() => remove(item)}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

/** What is not as the buyer left it. */
function Notices({ cart }: { cart: Cart }) {
  const { cart: texts } = useTexts();
  const { money } = useFormats();
  const prices = usePriceChanges(cart);
  const notices = cart.notices ?? [];
  if (prices.length + notices.length === 0) return null;
  const titleOf = (sku: string) => cart.items.find((it) => it.sku === sku)?.title ?? sku;
  const words = (code: string, sku: string) => {
    const title = titleOf(sku);
    if (code === 'cart_full') return texts.notice.cartFull(title);
    const left = cart.items.find((it) => it.sku === sku)?.available ?? 0;
    return code === 'insufficient_stock' && left > 0
      ? texts.notice.stock(title, left)
      : texts.notice.unavailable(title);
  };
  return (
    <Note kind="warn" role="status">
      <ul>
        {prices.map(({ item, before, now }) => (
          <li key={item.sku}>
            {texts.notice.price(item.title ?? item.sku, money(before), money(now))}
          </li>
        ))}
        {notices.map(({ code, sku }) => (
          <li key={code + sku}>{words(code, sku)}</li>
        ))}
      </ul>
    </Note>
  );
}

export function LinesSkeleton() {
  return (
    <div className={styles.lines}>
      {[1, 2, 3].map((it) => (
        <div key={it} className={styles.waiting}>
          <Skeleton width="5.5rem" height="5.5rem" />
          <span>
            <Skeleton width="70%" />
            <Skeleton width="40%" />
          </span>
          <Skeleton width="4rem" />
        </div>
      ))}
    </div>
  );
}
