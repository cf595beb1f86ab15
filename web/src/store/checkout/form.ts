/** What is written at the checkout, kept until it is ordered, and what is sent of it. */

import type { Money } from '../../format';
import {
  type AddressFault,
  type AddressField,
  type AddressForm,
  emptyAddress,
  faults,
  type Rules,
  toAddress,
} from '../address/fields';
import type { Payment } from './methods';
import type { Checkout, Method } from './place';
import type { Buyer } from './stripe';

type Prefixed<P extends string> = Record<`${P}.${AddressField}`, string>;

/** Flat, as every field has one name; the addresses' are `shipping.city` and the like. */
export type CheckoutForm = {
  email: string;
  /** Which kept address it goes to; `new` for the one that is written here. */
  saved: string;
  /** `yes` where the bill goes elsewhere. */
  elsewhere: string;
  method: Method | '';
  /** The payment method by its id, and the test card; empty until one is chosen. */
  payment: string;
  card: string;
  note: string;
} & Prefixed<'shipping'> &
  Prefixed<'billing'>;

export type Part = 'shipping' | 'billing';

export function emptyForm(country: string): CheckoutForm {
  return {
    email: '',
    saved: '',
    elsewhere: '',
    method: '',
    payment: '',
    card: '',
    note: '',
    ...withPrefix('shipping', emptyAddress(country)),
    ...withPrefix('billing', emptyAddress(country)),
  };
}

export function withPrefix<P extends Part>(part: P, address: AddressForm): Prefixed<P> {
  const entries = Object.entries(address).map(([field, text]) => [`${part}.${field}`, text]);
  return Object.fromEntries(entries) as Prefixed<P>;
}

/** One of the two addresses by itself. */
export function addressOf(form: CheckoutForm, part: Part): AddressForm {
  const address = emptyAddress('');
  for (const field of Object.keys(address) as AddressField[])
    address[field] = form[`${part}.${field}`];
  return address;
}

type Needs = {
  guest: boolean;
  shipped: boolean;
  /** How addresses are written in a country, where that is known. */
  rules: (country: string) => Rules | undefined;
};
type Says = {
  /** What mails about the order are written in. */
  language: string;
  /** Whether an order that waits is given up for this one. */
  supersede?: boolean;
  /** What costs nothing needs none. */
  payment?: Payment | undefined;
};

export type Fault = AddressFault | 'email';

/** What is missing or wrong. */
export function check(form: CheckoutForm, { guest, shipped, rules }: Needs): Record<string, Fault> {
  const found: Record<string, Fault> = {};
  if (guest && form.email.trim() === '') found.email = 'required';
  else if (guest && !isEmail(form.email)) found.email = 'email';
  const parts: Part[] = [];
  if (shipped) parts.push('shipping');
  if (form.elsewhere) parts.push('billing');
  for (const part of parts) {
    const known = rules(form[`${part}.country`]);
    for (const [field, fault] of Object.entries(faults(addressOf(form, part), known)))
      found[`${part}.${field}`] = fault;
    if (part === 'shipping' && known?.delivered === false)
      found['shipping.country'] = 'undelivered';
  }
  return found;
}

/** Enough to find a slip of the fingers; the shop looks closer. */
export function isEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text.trim());
}

export function toBody(form: CheckoutForm, needs: Needs & Says, total: Money): Checkout {
  const address = (part: Part) =>
    toAddress(addressOf(form, part), needs.rules(form[`${part}.country`]));
  return {
    ...(needs.guest ? { email: form.email.trim() } : {}),
    language: needs.language,
    ...(needs.shipped ? { shipping_address: address('shipping') } : {}),
    ...(form.elsewhere ? { billing_address: address('billing') } : {}),
    ...(form.note.trim() ? { note: form.note.trim() } : {}),
    ...(needs.shipped && form.method ? { shipping_method: form.method } : {}),
    ...(needs.payment ? { payment: needs.payment } : {}),
    ...(needs.supersede ? { supersede: true } : {}),
    expected_total: total,
  };
}

/** The part that says where the bill goes; none where the shop is not told. */
export function billedTo(form: CheckoutForm, shipped: boolean): Part | undefined {
  if (form.elsewhere) return 'billing';
  return shipped ? 'shipping' : undefined;
}

/** Who pays, as the payment provider is told. */
export function buyerOf(
  form: CheckoutForm,
  email: string,
  { shipped, rules }: Pick<Needs, 'shipped' | 'rules'>,
): Buyer {
  const part = billedTo(form, shipped);
  if (!part) return { email };
  return { email, address: toAddress(addressOf(form, part), rules(form[`${part}.country`])) };
}

/** The form's field for one of the API's. */
export function fieldOf(field: string): string {
  return field
    .replace(/^(shipping|billing)_address\./, '$1.')
    .replace(/^shipping_method$/, 'method')
    .replace(/^shipping_address$/, 'shipping.line1');
}

const DRAFT = 'cartwright.checkout';

/** What was written in this tab before a reload or a login. */
export function draft(country: string): CheckoutForm {
  const kept = sessionStorage.getItem(DRAFT);
  return { ...emptyForm(country), ...(kept ? (JSON.parse(kept) as CheckoutForm) : {}) };
}

export function keepDraft(form: CheckoutForm) {
  sessionStorage.setItem(DRAFT, JSON.stringify(form));
}

export function forgetDraft() {
  sessionStorage.removeItem(DRAFT);
}
