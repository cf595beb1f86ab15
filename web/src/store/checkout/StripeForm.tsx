import { useQuery } from '@tanstack/react-query';
import { type RefObject, useEffect, useRef, useState } from 'react';

import { useLanguage } from '../../texts';
import { useTheme } from '../../theme';
import { Button } from '../parts/Button';
import { bringUp } from '../parts/bringUp';
import { CheckField } from '../parts/Field';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import type { TokenForm } from './methods';
import type { StripeTokens } from './offered';
import styles from './StripeForm.module.css';
import { appearance, billingDetails, stripeQuery, wordsFor } from './stripe';
import type { StripeElements, StripeError } from './stripeTypes';

type Props = {
  tokens: StripeTokens;
  addressed: boolean;
  form: RefObject<TokenForm | null>;
  /** Whether what is written is saved for the next order; null where that cannot be. */
  save: boolean | null;
  onSave: (save: boolean) => void;
};

/** Stripe's form for cards, wallets and banks: what is written there, only Stripe gets to see. */
export function StripeForm({ tokens, addressed, form, save, onSave }: Props) {
  const { payment: texts } = useTexts();
  const { language } = useLanguage();
  const {
    data: stripe,
    isFetching,
    error,
    refetch,
  } = useQuery(stripeQuery(tokens.script, tokens.publishable_key, language));
  const [fault, setFault] = useState<string | null>(null);
  const faultBox = useRef<HTMLDivElement>(null);
  const fail = (words: string): null => {
    setFault(words);
    requestAnimationFrame(() => bringUp(faultBox.current));
    return null;
  };
  const element = useElement({ tokens, addressed, save, onChange: () => setFault(null) });
  const take: TokenForm = async (buyer) => {
    const { elements } = element;
    if (!stripe || !elements) return fail(texts.form.notReady);
    setFault(null);
    const say = (error: StripeError) => fail(wordsFor(error, texts.reasons, texts.form.failed));
    try {
      const checked = await elements.submit();
      if (checked.error) return say(checked.error);
      const { confirmationToken, error } = await stripe.createConfirmationToken({
        elements,
        params: {
          return_url: location.origin + location.pathname,
          payment_method_data: {
            billing_details: billingDetails(buyer),
            ...(save && { allow_redisplay: 'always' }),
          },
        },
      });
      return error ? say(error) : confirmationToken.id;
    } catch {
      return fail(texts.form.failed);
    }
  };
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    form.current = (buyer) => latest.current(buyer);
    return () => {
      form.current = null;
    };
  }, [form]);
  const broken = (error || element.broken) && !isFetching;
  const again = () => {
    if (error) void refetch();
    else element.restart();
  };
  return (
    <div className={styles.form}>
      {broken && (
        <Note kind="bad">
          <p>{texts.form.notLoaded}</p>
          <Button look="outline" onClick={again}>
            {texts.form.tryAgain}
          </Button>
        </Note>
      )}
      {!broken && !element.ready && <Skeleton height="14rem" />}
      <div ref={element.place} className={styles.place} hidden={!!broken} />
      {save !== null && element.ready && (
        <CheckField
          label={texts.saved.save}
          checked={save}
          onChange={(event) => onSave(event.target.checked)}
        />
      )}
      {fault && (
        <div ref={faultBox} tabIndex={-1} className={styles.fault}>
          <Note kind="bad">{fault}</Note>
        </div>
      )}
    </div>
  );
}

type ElementOptions = Pick<Props, 'tokens' | 'addressed' | 'save'> & { onChange: () => void };

/** The Payment Element, made once and told what changes: the total, whether it saves, the theme. */
function useElement({ tokens, addressed, save, onChange }: ElementOptions) {
  const { language } = useLanguage();
  const theme = useTheme();
  const { data: stripe } = useQuery(stripeQuery(tokens.script, tokens.publishable_key, language));
  const place = useRef<HTMLDivElement>(null);
  const [elements, setElements] = useState<StripeElements | null>(null);
  const [state, setState] = useState<'loading' | 'ready' | 'broken'>('loading');
  const [round, setRound] = useState(0);
  const { amount, currency, capture_method: captureMethod, manual_capture: held } = tokens;
  const paymentMethodOptions = Object.fromEntries(
    held.map((it) => [it, { captureMethod: 'manual' as const }]),
  );
  const options = {
    ...{ amount: amount ?? 0, currency, captureMethod, locale: language },
    ...(held.length > 0 && { paymentMethodOptions }),
    ...(save && { setupFutureUsage: 'on_session' as const }),
  };
  const latest = useRef({ options, onChange });
  latest.current = { options, onChange };
  const made = useRef(theme);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round makes it anew
  useEffect(() => {
    if (!stripe || !place.current) return;
    made.current = theme;
    setState('loading');
    const group = stripe.elements({
      mode: 'payment',
      ...latest.current.options,
      appearance: appearance(theme),
    });
    const asks = addressed ? 'never' : 'auto';
    const element = group.create('payment', {
      layout: 'tabs',
      fields: { billingDetails: { name: asks, email: 'never', address: asks } },
    });
    element.on('ready', () => setState('ready'));
    element.on('loaderror', () => setState('broken'));
    element.on('change', () => latest.current.onChange());
    element.mount(place.current);
    setElements(group);
    return () => {
      setElements(null);
      element.destroy();
    };
  }, [stripe, addressed, round]);

  useEffect(() => {
    const setupFutureUsage = save ? 'on_session' : null;
    elements?.update({ amount: amount ?? 0, currency, captureMethod, setupFutureUsage });
  }, [elements, amount, currency, captureMethod, save]);
  useEffect(() => {
    if (elements && made.current !== theme) elements.update({ appearance: appearance(theme) });
    made.current = theme;
  }, [elements, theme]);

  return {
    place,
    elements: state === 'ready' ? elements : null,
    ready: state === 'ready',
    broken: state === 'broken',
    restart: () => setRound((it) => it + 1),
  };
}
