import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import type { User } from '../../api/session';
import { useFormats } from '../../format';
import { useLanguage } from '../../texts';
import { AddressFields, useAddressFault } from '../address/AddressFields';
import { countriesQuery, rulesQuery, useKnownRules } from '../address/countries';
import { likelyCountry } from '../address/fields';
import { cartHeader } from '../cart';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { OrderLines, Totals } from '../orders/Summary';
import { Button } from '../parts/Button';
import { Choice } from '../parts/Choice';
import { CheckField, TextArea, TextField } from '../parts/Field';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useInWords, useSaid } from '../problems';
import { useTexts } from '../texts';
import type { Attempt } from './attempt';
import styles from './CheckoutForm.module.css';
import {
  billedTo,
  buyerOf,
  check,
  draft,
  type Fault,
  fieldOf,
  keepDraft,
  type Part,
  toBody,
  type CheckoutForm as Written,
} from './form';
import { type Purchase, usePaying } from './methods';
import { PaymentChoice } from './PaymentChoice';
import { type Checkout, type Quote, quoteQuery } from './place';
import { isKnown, Refusal } from './Refusal';
import { SavedAddresses } from './SavedAddresses';
import { TestMode } from './TestMode';

type Props = {
  user: User | null;
  /** Of the cart; another one costs another price. */
  version: number;
  sending: boolean;
  /** Why the last attempt came to nothing. */
  refused: unknown;
  begin: (attempt: Omit<Attempt<Checkout>, 'key' | 'since'>) => Promise<void>;
};

/** All that has to be said to order, on one page. */
export function CheckoutForm({ user, version, sending, refused, begin }: Props) {
  const { checkout: texts, form: formTexts } = useTexts();
  const { money } = useFormats();
  const { language } = useLanguage();
  const said = useSaid();
  const inWords = useInWords();
  const guest = user === null;
  const [written] = useState(() => {
    const kept = draft(likelyCountry(navigator.languages));
    return { ...kept, 'shipping.name': kept['shipping.name'] || (user?.name ?? '') };
  });
  const [method, setMethod] = useState(written.method);
  const quote = useQuery(quoteQuery(user?.id ?? null, version, method));
  const shipped = quote.data?.shipping_required ?? true;
  const addressFault = useAddressFault();
  const rules = useKnownRules();
  const words = (values: Written, name: string, fault: Fault): string => {
    if (fault === 'email') return formTexts.email;
    const part = name.startsWith('billing.') ? 'billing' : 'shipping';
    return addressFault(fault, values[`${part}.country`]);
  };
  const free = quote.data?.total.amount === 0;
  // Whether the order that waits is to be cancelled: only where the buyer has just said so.
  const supersede = useRef(false);
  const form = useForm({
    initial: written,
    check: (values) => {
      const found = check(values, { guest, shipped, rules });
      return Object.fromEntries(
        Object.entries(found).map(([name, fault]) => [name, words(values, name, fault)]),
      );
    },
    submit: async (values) => {
      if (!quote.data || (!free && !paying.method)) return;
      const needs = { guest, shipped, rules, language, supersede: supersede.current };
      // The form of the payment method is asked first of all: a wallet opens on a click only.
      const buyer = buyerOf(values, guest ? values.email.trim() : user.email, needs);
      const payment = free ? undefined : await paying.take(buyer);
      if (payment === null) return;
      const body = toBody({ ...values, method }, { ...needs, payment }, quote.data.total);
      const cart = guest ? (cartHeader()['X-Cart-Token'] ?? null) : null;
      await begin({ user: user?.id ?? null, cart, body });
    },
    fieldOf,
    inWords,
  });
  const { values, set, bind } = form;
  const billed = billedTo(values, shipped);
  const purchase = quote.data && !free ? purchaseOf(quote.data, values, billed) : undefined;
  const before = { method: written.payment, card: written.card };
  const paying = usePaying(purchase, { keeps: !guest, before });
  const { chosen } = paying;
  // What is wrong is looked for anew when the rules are here.
  useQuery(rulesQuery(values['shipping.country']));
  useQuery(rulesQuery(values.elsewhere ? values['billing.country'] : ''));
  useDelivered(values, set);
  const element = useRef<HTMLFormElement>(null);
  const startOver = () => {
    supersede.current = true;
    // Its submit has read it when this returns.
    element.current?.requestSubmit();
    supersede.current = false;
  };

  useEffect(
    () => keepDraft({ ...values, method, payment: chosen.method, card: chosen.card }),
    [values, chosen, method],
  );
  const refuse = useRef(form.refuse);
  refuse.current = form.refuse;
  useEffect(() => {
    if (refused && !isKnown(refused)) refuse.current(refused);
  }, [refused]);

  return (
    <form ref={element} className={styles.columns} noValidate onSubmit={form.onSubmit}>
      <div className={styles.sections}>
        <TestMode paying={paying} />
        <Summary form={form} />
        <Refusal error={refused} startOver={startOver} />
        <Section title={texts.contact}>
          {user ? (
            <p>{texts.signedInAs(user.name, user.email)}</p>
          ) : (
            <>
              <p className={styles.soft}>
                {texts.haveAccount}{' '}
                <Link to="/login" search={{ next: '/checkout' }}>
                  {texts.signIn}
                </Link>
              </p>
              <TextField
                {...bind('email')}
                label={texts.email}
                hint={texts.emailHint}
                type="email"
                required
                maxLength={254}
                autoComplete="email"
              />
            </>
          )}
        </Section>
        {shipped && (
          <Section title={texts.shippingAddress}>
            <SavedAddresses user={user} values={values} set={set}>
              <AddressFields
                bind={(field) => bind(`shipping.${field}`)}
                country={values['shipping.country']}
                section="shipping"
              />
            </SavedAddresses>
          </Section>
        )}
        <Section title={texts.billingAddress}>
          <CheckField
            label={shipped ? texts.differentBillingAddress : texts.addBillingAddress}
            checked={values.elsewhere === 'yes'}
            onChange={(event) => set({ elsewhere: event.target.checked ? 'yes' : '' })}
          />
          {values.elsewhere && (
            <AddressFields
              bind={(field) => bind(`billing.${field}`)}
              country={values['billing.country']}
              section="billing"
            />
          )}
        </Section>
        {shipped && (
          <Section title={texts.method}>
            {quote.data ? (
              <Choice
                legend={texts.method}
                name="method"
                value={method || (quote.data.shipping_methods[0]?.code ?? '')}
                onChange={setMethod}
                options={quote.data.shipping_methods.map(({ code, name, price }) => ({
                  value: code,
                  label: texts.methods[code] ?? name,
                  aside: price.amount === 0 ? texts.free : money(price),
                }))}
              />
            ) : (
              <Skeleton height="7rem" />
            )}
          </Section>
        )}
        {!free && (
          <Section title={texts.payment}>
            <PaymentChoice paying={paying} addressed={billed !== undefined} />
          </Section>
        )}
        <Section title={texts.note}>
          <TextArea
            {...bind('note')}
            label={texts.noteLabel}
            note={formTexts.optional}
            rows={3}
            maxLength={1000}
          />
        </Section>
      </div>
      <aside className={styles.summary} aria-label={texts.summary}>
        <h2>{texts.summary}</h2>
        {quote.error ? (
          <Note kind="bad">
            {said(quote.error)} <Link to="/cart">{texts.viewCart}</Link>
          </Note>
        ) : quote.data ? (
          <Ready quote={quote.data} stale={quote.isPlaceholderData} />
        ) : (
          <Skeleton height="16rem" />
        )}
        <Button
          type="submit"
          busy={sending || form.busy || (quote.isFetching && !quote.error)}
          aria-disabled={!quote.data || (!free && !paying.method)}
        >
          {quote.data ? texts.placeOrderFor(money(quote.data.total)) : texts.placeOrder}
        </Button>
        <p className={styles.soft}>{texts.chargedOnce}</p>
      </aside>
    </form>
  );
}

function purchaseOf({ total }: Quote, values: Written, billed: Part | undefined): Purchase {
  return { country: billed ? values[`${billed}.country`] : '', total };
}

/** Begins with a country the shop delivers to, where nothing has been written yet. */
function useDelivered(values: Written, set: (changes: Partial<Written>) => void) {
  const { data } = useQuery(countriesQuery);
  const reached = data?.items.filter((it) => it.delivered).map((it) => it.code);
  const first = reached?.includes(values['shipping.country']) ? undefined : reached?.[0];
  const untouched = values['shipping.line1'] === '' && !values.saved;
  const choose = useRef(set);
  choose.current = set;
  useEffect(() => {
    if (first && untouched) choose.current({ 'shipping.country': first });
  }, [first, untouched]);
}

function Ready({ quote, stale }: { quote: Quote; stale: boolean }) {
  const { checkout: texts } = useTexts();
  return (
    <>
      <OrderLines items={quote.items} />
      <div aria-live="polite" aria-busy={stale}>
        <Totals {...quote} />
      </div>
      <Link to="/cart" className={styles.soft}>
        {texts.editCart}
      </Link>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
