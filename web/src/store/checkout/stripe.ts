/** Stripe.js: loading it, and how it is told to look. */

import { queryOptions } from '@tanstack/react-query';

import type { Theme } from '../../theme';
import type { Appearance, BillingDetails, Stripe, StripeError, StripeFactory } from './stripeTypes';

/** Milliseconds after which nobody waits for the script any longer. */
const PATIENCE = 20_000;

/** The script could not be loaded, or is not what it should be. */
export class ScriptFailed extends Error {
  constructor(readonly source: string) {
    super(`the script ${source} could not be loaded`);
    this.name = 'ScriptFailed';
  }
}

let loading: { source: string; factory: Promise<StripeFactory> } | null = null;

/** Loads the script, once; where that fails, the next call tries again. */
function load(source: string): Promise<StripeFactory> {
  if (loading?.source === source) return loading.factory;
  const factory = new Promise<StripeFactory>((done, failed) => {
    const script = document.createElement('script');
    const give = () => {
      clearTimeout(timer);
      if (window.Stripe) return done(window.Stripe);
      script.remove();
      loading = null;
      failed(new ScriptFailed(source));
    };
    const timer = setTimeout(give, PATIENCE);
    script.onload = give;
    script.onerror = give;
    script.src = source;
    script.async = true;
    document.head.append(script);
  });
  loading = { source, factory };
  return factory;
}

/** Stripe.js for an account, in a language. */
export const stripeQuery = (source: string, publishableKey: string, locale: string) =>
  queryOptions({
    queryKey: ['stripe', source, publishableKey, locale],
    queryFn: async (): Promise<Stripe> => (await load(source))(publishableKey, { locale }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    retry: false,
    // What it answers with is no plain data, to be compared part by part.
    structuralSharing: false,
  });

/** The shop's own colours and measures, for a form that the shop cannot style. */
export function appearance(theme: Theme): Appearance {
  const of = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name);
  return {
    theme: theme === 'dark' ? 'night' : 'stripe',
    variables: {
      colorPrimary: colour('--brand'),
      colorBackground: colour('--raised'),
      colorText: colour('--ink'),
      colorTextSecondary: colour('--ink-soft'),
      colorDanger: colour('--bad'),
      fontFamily: of('--font').trim(),
      borderRadius: of('--round').trim(),
    },
  };
}

/** A colour of the present theme, by its name in `base.css`. */
function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Who pays, as far as the shop knows. */
export type Buyer = {
  email: string;
  address?: {
    name: string;
    line1: string;
    line2?: string | null;
    city?: string | null;
    region?: string | null;
    postal_code?: string | null;
    country: string;
    phone?: string | null;
  };
};

export function billingDetails({ email, address }: Buyer): BillingDetails {
  if (!address) return { email };
  const { name, phone, line1, line2, city, region, postal_code, country } = address;
  return {
    name,
    email,
    ...(phone && { phone }),
    // The form asks for none of these, so all of them are said.
    address: {
      line1,
      line2: line2 ?? '',
      city: city ?? '',
      state: region ?? '',
      postal_code: postal_code ?? '',
      country,
    },
  };
}

/** What an error says, by the words there are for its code; null where nothing is to be said. */
export function wordsFor(
  error: StripeError,
  reasons: Record<string, string>,
  otherwise: string,
): string {
  const known = [error.decline_code, error.code].map((it) => it && reasons[it]).find(Boolean);
  if (known) return known;
  // These are Stripe's words to the customer, in the language it was loaded in.
  const isForCustomer = error.type === 'card_error' || error.type === 'validation_error';
  return (isForCustomer && error.message) || otherwise;
}
