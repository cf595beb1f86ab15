import { useEffect, useState } from 'react';

import { useFormats } from '../../format';
import { ButtonAnchor } from '../parts/Button';
import { Note } from '../parts/Note';
import { useTexts } from '../texts';
import { isBegun, isFresh } from './nextAction';
import styles from './Step.module.css';
import type { Order } from './timeline';

/** Milliseconds for which it is said where one is going. */
const NOTICE = 1_200;

type Props = { order: Order; url: URL; undone: boolean };

/** The payment goes on at a page of the customer's bank. */
export function RedirectStep({ order, url, undone }: Props) {
  const { payment: texts } = useTexts();
  const { time } = useFormats();
  const until = order.payment?.next_action?.until;
  const [going, setGoing] = useState(() => isFresh(order.id));
  const { href, host } = url;
  useEffect(() => {
    if (!going) return;
    const timer = setTimeout(() => {
      isBegun(order.id);
      location.assign(href);
    }, NOTICE);
    // Who comes back by the browser's button finds the page as it was left.
    const back = (event: PageTransitionEvent) => event.persisted && setGoing(false);
    addEventListener('pageshow', back);
    return () => {
      clearTimeout(timer);
      removeEventListener('pageshow', back);
    };
  }, [going, href, order.id]);
  return (
    <section className={styles.step} aria-busy={going}>
      <div role="alert">
        <h2>{texts.action.title}</h2>
        <p>{going ? texts.redirect.going(host) : texts.redirect.text(host)}</p>
        {until && <p>{texts.action.until(time(until))}</p>}
      </div>
      {undone && <Note kind="warn">{texts.action.undone}</Note>}
      <div className={styles.working}>
        {going && <span className={styles.wheel} aria-hidden="true" />}
        <ButtonAnchor href={href} look={going ? 'outline' : 'solid'}>
          {texts.action.continue}
        </ButtonAnchor>
      </div>
    </section>
  );
}
