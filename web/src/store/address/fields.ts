/** Which fields an address has, by country, and whether they are filled in right. */

import type { Schemas } from '../../api/client';

export type Address = Schemas['Address'];

/** An address while it is written: nothing is missing, but may be empty. */
export type AddressForm = Record<
  'name' | 'company' | 'line1' | 'line2' | 'city' | 'region' | 'postal_code' | 'country' | 'phone',
  string
>;

export type AddressField = keyof AddressForm;

/** How a country calls its regions and postal codes; the words are in the texts. */
export type RegionKind = 'state' | 'province' | 'region';
export type PostalKind = 'zip' | 'postcode' | 'postalCode';

type Rules = {
  /** None where addresses have no region. */
  region?: RegionKind;
  regionRequired: boolean;
  postal: PostalKind;
  postalRequired: boolean;
  /** What a postal code looks like, and one as an example. */
  pattern?: RegExp;
  example?: string;
  /** Whether the postal code stands before the city. */
  postalFirst: boolean;
};

const continental = (pattern: RegExp, example: string, more: Partial<Rules> = {}): Rules => ({
  regionRequired: false,
  postal: 'postalCode',
  postalRequired: true,
  pattern,
  example,
  postalFirst: true,
  ...more,
});

const province = { region: 'province', regionRequired: true } as const;

const COUNTRIES: Record<string, Rules> = {
  AT: continental(/^\d{4}$/, '1010'),
  AU: {
    region: 'state',
    regionRequired: true,
    postal: 'postcode',
    postalRequired: true,
    pattern: /^\d{4}$/,
    example: '2000',
    postalFirst: false,
  },
  BE: continental(/^\d{4}$/, '1000'),
  CA: {
    ...province,
    postal: 'postalCode',
    postalRequired: true,
    pattern: /^[A-Z]\d[A-Z] ?\d[A-Z]\d$/i,
    example: 'K1A 0B1',
    postalFirst: false,
  },
  CH: continental(/^\d{4}$/, '8001'),
  CZ: continental(/^\d{3} ?\d{2}$/, '110 00'),
  DE: continental(/^\d{5}$/, '10115'),
  DK: continental(/^\d{4}$/, '1050'),
  ES: continental(/^\d{5}$/, '28001', province),
  FR: continental(/^\d{5}$/, '75001'),
  GB: {
    regionRequired: false,
    postal: 'postcode',
    postalRequired: true,
    pattern: /^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$/i,
    example: 'W1A 1AA',
    postalFirst: false,
  },
  IT: continental(/^\d{5}$/, '00118', province),
  LU: continental(/^\d{4}$/, '1111'),
  NL: continental(/^\d{4} ?[A-Z]{2}$/i, '1011 AB'),
  PL: continental(/^\d{2}-\d{3}$/, '00-001'),
  US: {
    region: 'state',
    regionRequired: true,
    postal: 'zip',
    postalRequired: true,
    pattern: /^\d{5}(-\d{4})?$/,
    example: '94103',
    postalFirst: false,
  },
};

/** What is asked where nothing is known about the country. */
const ELSEWHERE: Rules = {
  region: 'region',
  regionRequired: false,
  postal: 'postalCode',
  postalRequired: false,
  postalFirst: false,
};

export function rules(country: string): Rules {
  return COUNTRIES[country] ?? ELSEWHERE;
}

/** The officially assigned codes of ISO 3166-1 alpha-2. */
const CODES =
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS ' +
  'BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE ' +
  'EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM ' +
  'HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC ' +
  'LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA ' +
  'NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW ' +
  'SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO ' +
  'TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW';

/** Every country with its name in a language, sorted as that language sorts. */
export function countries(locale: string): { code: string; name: string }[] {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  const order = new Intl.Collator(locale);
  return CODES.split(' ')
    .map((code) => ({ code, name: names.of(code) ?? code }))
    .sort((a, b) => order.compare(a.name, b.name));
}

/** The country a browser's languages speak of; `US` where they do not. */
export function likelyCountry(languages: readonly string[]): string {
  const regions = languages.map((it) => new Intl.Locale(it).region);
  return regions.find((it) => it !== undefined && CODES.includes(it)) ?? 'US';
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
export function toAddress(form: AddressForm): Address {
  const { region } = rules(form.country);
  const given = (text: string) => text.trim() || null;
  return {
    name: form.name.trim(),
    company: given(form.company),
    line1: form.line1.trim(),
    line2: given(form.line2),
    city: form.city.trim(),
    region: region ? given(form.region) : null,
    postal_code: given(form.postal_code),
    country: form.country,
    phone: given(form.phone),
  };
}

export type AddressFault = 'required' | 'postal' | 'phone';

/** What is wrong with an address, by field. */
export function faults(form: AddressForm): Partial<Record<AddressField, AddressFault>> {
  const { regionRequired, postalRequired, pattern } = rules(form.country);
  const empty = (field: AddressField) => form[field].trim() === '';
  const required: AddressField[] = ['name', 'line1', 'city', 'country'];
  if (regionRequired) required.push('region');
  if (postalRequired) required.push('postal_code');
  const found: Partial<Record<AddressField, AddressFault>> = {};
  for (const field of required) if (empty(field)) found[field] = 'required';
  if (pattern && !empty('postal_code') && !pattern.test(form.postal_code.trim()))
    found.postal_code = 'postal';
  if (!empty('phone') && !isPhone(form.phone)) found.phone = 'phone';
  return found;
}

/** Digits with the usual signs between them, as the API has it. */
export function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return /^[\d +\-().x/]{1,32}$/.test(text.trim()) && digits >= 3 && digits <= 20;
}

/** The lines of an address as they stand on an envelope. */
export function envelope(address: Partial<Record<AddressField, string | null>>, locale: string) {
  const { postalFirst } = rules(address.country ?? '');
  const { postal_code: postal, city, region } = address;
  const place = postalFirst ? [postal, city] : [city, region, postal];
  if (postalFirst && region) place.push(`(${region})`);
  const country = address.country
    ? (new Intl.DisplayNames(locale, { type: 'region' }).of(address.country) ?? address.country)
    : null;
  return [
    address.name,
    address.company,
    address.line1,
    address.line2,
    place.filter(Boolean).join(' '),
    country,
  ].filter((it): it is string => Boolean(it));
}
