import { useEffect, useRef } from 'react';

import { useFormats } from '../../format';
import { Button, ButtonLink } from '../parts/Button';
import { bringUp } from '../parts/bringUp';
import { useTexts } from '../texts';
import styles from './Asking.module.css';
import type { Checkout } from './place';
import type { Pursuit } from './usePursuit';

type Props = { pursuit: Pursuit<Checkout>; ask: () => void; drop: () => void };

/** An order is under way whose outcome is not known. */
export function Asking({ pursuit, ask, drop }: Props) {
  const { checkout } = useTexts();
  const { time } = useFormats();
  const { phase, attempt, tries } = pursuit;
  const since = time(new Date(attempt.since).toISOString());
  const texts = checkout.pendingCheckout;
  const box = useRef<HTMLElement>(null);
  // The button that had the focus is hidden with its form.
  useEffect(() => bringUp(box.current), []);
  return (
    <section ref={box} tabIndex={-1} className={styles.asking} aria-busy={phase === 'asking'}>
      {phase === 'asking' && <span className={styles.wheel} aria-hidden="true" />}
      <div role="status">
        <h2>{texts.title[phase]}</h2>
        <p>{texts.text[phase](since)}</p>
        {phase === 'asking' && tries > 1 && <p>{texts.noSecondOrder}</p>}
      </div>
      <div className={styles.tools}>
        {phase === 'asking' && tries > 0 && <Button onClick={ask}>{texts.checkNow}</Button>}
        {phase === 'stale' && <Button onClick={ask}>{texts.continueOrder}</Button>}
        {phase === 'login' && (
          <ButtonLink to="/login" search={{ next: '/checkout' }}>
            {texts.signIn}
          </ButtonLink>
        )}
        {(phase === 'stale' || phase === 'login') && (
          <Button look="outline" onClick={drop}>
            {texts.dismiss}
          </Button>
        )}
      </div>
    </section>
  );
}
