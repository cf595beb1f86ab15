import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { useFormats } from '../../format';
import { useLanguage } from '../../texts';
import { methodsQuery } from '../checkout/methods';
import type { StripeTokens } from '../checkout/offered';
import { stripeQuery, wordsFor } from '../checkout/stripe';
import { Button } from '../parts/Button';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import { isBegun, isFresh, type NextAction } from './nextAction';
import styles from './Step.module.css';
import { type Order, purchaseOf } from './timeline';
import { useConfirm } from './useConfirm';

type Action = Extract<NextAction, { type: 'stripe' }>;
type Props = { order: Order; action: Action; undone: boolean };

/** The payment goes on with what Stripe.js shows over the page, such as a question of the bank's. */
export function StripeStep({ order, action, undone }: Props) {
  const { payment: texts } = useTexts();
  const { time } = useFormats();
  const said = useSaid();
  const until = order.payment?.next_action?.until;
  const asking = useAsking(order, action);
  const { begin, busy, fault } = asking;
  const [byItself] = useState(() => isFresh(order.id));
  const start = useRef(begin);
  start.current = begin;
  const ready = asking.ready;
  useEffect(() => {
    if (!byItself || !ready || !isFresh(order.id)) return;
    isBegun(order.id);
    void start.current();
  }, [byItself, ready, order.id]);
  const unfinished = undone || asking.undone;
  return (
    <section className={styles.step} aria-busy={busy}>
      <div role="alert">
        <h2>{texts.action.title}</h2>
        <p>{texts.action.text}</p>
        {until && <p>{texts.action.until(time(until))}</p>}
      </div>
      {!busy && fault && <Note kind="bad">{fault}</Note>}
      {!busy && !fault && asking.error && <Note kind="bad">{said(asking.error)}</Note>}
      {!busy && !fault && unfinished && <Note kind="warn">{texts.action.undone}</Note>}
      <div className={styles.tools}>
        <Button busy={busy} onClick={() => void begin()}>
          {texts.action.continue}
        </Button>
      </div>
      <p role="status" className={styles.progress}>
        {busy && texts.action.working}
      </p>
    </section>
  );
}

/** Asks by Stripe.js, then tells the shop that the customer is done, whatever they have done. */
function useAsking(order: Order, { clientSecret, publishableKey }: Action) {
  const { payment: texts } = useTexts();
  const { language } = useLanguage();
  const queries = useQueryClient();
  const methods = useQuery(methodsQuery(purchaseOf(order)));
  const source = methods.data?.map((it) => it.tokens).find(isOf(publishableKey))?.script;
  const [shown, setShown] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const { tell, ...told } = useConfirm(order);
  const begin = async () => {
    if (!source) {
      await methods.refetch();
      return setFault(texts.form.notLoaded);
    }
    setShown(true);
    setFault(null);
    try {
      const stripe = await queries.fetchQuery(stripeQuery(source, publishableKey, language));
      const { error } = await stripe.handleNextAction({ clientSecret });
      if (error) setFault(wordsFor(error, texts.reasons, texts.action.undone));
      await tell(undefined).catch(() => {});
    } catch {
      setFault(texts.form.notLoaded);
    } finally {
      setShown(false);
    }
  };
  return { ...told, begin, fault, busy: shown || told.busy, ready: source !== undefined };
}

function isOf(publishableKey: string) {
  return (it: { type: string }): it is StripeTokens =>
    it.type === 'stripe' && (it as StripeTokens).publishable_key === publishableKey;
}
