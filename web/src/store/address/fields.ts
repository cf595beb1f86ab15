/** Which fields an address has, by the rules of its country, and whether they are filled in right. */

import type { Schemas } from '../../api/client';

export type Address = Schemas['Address'];

/** How addresses are written in a country, as the shop says it. */
export type Rules = Schemas['CountryRules'];

type State = Schemas['CountryState'];

/** An address while it is written: nothing is missing, but may be empty. */
export type AddressForm = Record<
  'name' | 'company' | 'line1' | 'line2' | 'city' | 'region' | 'postal_code' | 'country' | 'phone',
  string
>;

export type AddressField = keyof AddressForm;

/** A field that the rules of a country may ask for. */
export type RuledField = Exclude<AddressField, 'country' | 'phone'>;

/** What is asked for until the rules of the country are here. */
const UNKNOWN = {
  fields: ['name', 'company', 'line1', 'line2', 'city', 'region', 'postal_code'],
  required: ['name', 'line1'],
} satisfies Record<string, RuledField[]>;

/** The fields of an address in the order they are written. */
export function fieldsOf(rules: Rules | undefined): readonly RuledField[] {
  return (rules ?? UNKNOWN).fields;
}

export function isRequired(field: RuledField, rules: Rules | undefined): boolean {
  return (rules ?? UNKNOWN).required.some((it) => it === field);
}

/** The states to choose from; none where any text will do. */
export function statesOf(rules: Rules | undefined): readonly State[] {
  return rules?.region?.states ?? [];
}

/** The state with this code or name. */
export function stateOf(rules: Rules | undefined, text: string): State | undefined {
  const wanted = text.trim().toLowerCase();
  const called = (it: State) => [it.code, it.name, it.latin_name, it.written];
  return statesOf(rules).find((it) => called(it).some((name) => name?.toLowerCase() === wanted));
}

type Named = { code: string; name: string };

/** Countries with their names in a language, sorted as that language sorts. */
export function countries(codes: readonly string[], locale: string): Named[] {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  const order = new Intl.Collator(locale);
  return codes
    .map((code) => ({ code, name: names.of(code) ?? code }))
    .sort((a, b) => order.compare(a.name, b.name));
}

/** The country a browser's languages speak of; `US` where they do not. */
export function likelyCountry(languages: readonly string[]): string {
  const regions = languages.map((it) => new Intl.Locale(it).region);
  return regions.find((it) => it !== undefined && /^[A-Z]{2}$/.test(it)) ?? 'US';
}

export function emptyAddress(country: string): AddressForm {
  return {
    name: '',
    company: '',
    line1: '',
    line2: '',
    city: '',
    region: '',
    postal_code: '',
    country,
    phone: '',
  };
}

/** A kept address, ready to be changed. */
export function toForm(address: Partial<Record<AddressField, string | null>>): AddressForm {
  const form = emptyAddress('US');
  for (const field of Object.keys(form) as AddressField[]) form[field] = address[field] ?? '';
  return form;
}

/** What is sent: without what is empty, and without fields the country does not have. */
export function toAddress(form: AddressForm, rules: Rules | undefined): Address {
  const has = fieldsOf(rules);
  const given = (field: RuledField) => (has.includes(field) && form[field].trim()) || null;
  return {
    name: form.name.trim(),
    company: given('company'),
    line1: form.line1.trim(),
    line2: given('line2'),
    city: given('city'),
    region: given('region'),
    postal_code: given('postal_code'),
    country: form.country,
    phone: form.phone.trim() || null,
  };
}

export type AddressFault = 'required' | 'postal' | 'phone' | 'undelivered';

/** What is wrong with an address, by field. */
export function faults(
  form: AddressForm,
  rules: Rules | undefined,
): Partial<Record<AddressField, AddressFault>> {
  const empty = (field: AddressField) => form[field].trim() === '';
  const found: Partial<Record<AddressField, AddressFault>> = {};
  for (const field of fieldsOf(rules))
    if (isRequired(field, rules) && empty(field)) found[field] = 'required';
  // One of another country was chosen before this one.
  if (statesOf(rules).length > 0 && !empty('region') && !stateOf(rules, form.region))
    found.region = 'required';
  if (rules && !empty('postal_code') && !isPostalCode(form.postal_code, rules))
    found.postal_code = 'postal';
  if (!empty('phone') && !isPhone(form.phone)) found.phone = 'phone';
  return found;
}

function isPostalCode(text: string, { postal_code: rule }: Rules): boolean {
  if (!rule?.pattern) return true;
  const code = text.normalize('NFKC').trim().replace(/\s+/g, ' ').toUpperCase();
  const bare = rule.prefix && code.startsWith(rule.prefix) ? code.slice(rule.prefix.length) : code;
  return [code, bare.trim()].some((it) => new RegExp(`^(?:${rule.pattern})$`).test(it));
}

/** Digits with the usual signs between them; whether they are a number there, the shop says. */
export function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return /^[\d +\-().x/]{1,32}$/.test(text.trim()) && digits >= 3 && digits <= 20;
}

/** The lines of an address as they stand on an envelope. */
export function envelope(
  address: Partial<Record<AddressField, string | null>>,
  locale: string,
  rules: Rules | undefined,
) {
  const state = stateOf(rules, address.region ?? '');
  const place: Partial<Record<RuledField, string | null>> = {
    city: address.city,
    region: state ? (state.written ?? state.code) : address.region,
    postal_code: address.postal_code,
  };
  // What the country does not write is told all the same.
  const order: RuledField[] = ['city', 'region', 'postal_code'];
  const written = fieldsOf(rules).filter((it) => order.includes(it));
  const rest = order.filter((it) => !written.includes(it));
  const country = address.country
    ? (new Intl.DisplayNames(locale, { type: 'region' }).of(address.country) ?? address.country)
    : null;
  return [
    address.name,
    address.company,
    address.line1,
    address.line2,
    [...written, ...rest]
      .map((it) => place[it])
      .filter(Boolean)
      .join(' '),
    country,
  ].filter((it): it is string => Boolean(it));
}
