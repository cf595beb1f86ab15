import { expect, test } from '@playwright/test';

import {
  countries,
  emptyAddress,
  envelope,
  faults,
  likelyCountry,
  toAddress,
  toForm,
} from '../../src/store/address/fields';

const filled = (country: string, more = {}) => ({
  ...emptyAddress(country),
  name: 'Ada Lovelace',
  line1: '12 Analytical Row',
  city: 'London',
  ...more,
});

test('what a country asks for is asked for', () => {
  expect(faults(filled('US'))).toEqual({ region: 'required', postal_code: 'required' });
  expect(faults(filled('DE'))).toEqual({ postal_code: 'required' });
  expect(faults(filled('IE'))).toEqual({});
  expect(Object.keys(faults(emptyAddress('GB'))).sort()).toEqual([
    'city',
    'line1',
    'name',
    'postal_code',
  ]);
});

test('postal codes look like those of the country', () => {
  const wrong = (country: string, postal_code: string) =>
    faults(filled(country, { postal_code, region: 'X' })).postal_code;
  const good: [string, string][] = [
    ['US', '94103'],
    ['US', '94103-1234'],
    ['CA', 'k1a 0b1'],
    ['GB', 'W1A 1AA'],
    ['GB', 'sw1a2aa'],
    ['DE', ' 10115 '],
    ['NL', '1011 AB'],
    ['AU', '2000'],
    ['IN', 'whatever'],
  ];
  for (const [country, code] of good) expect(wrong(country, code)).toBeUndefined();
  for (const [country, code] of [
    ['US', '9410'],
    ['DE', '1011'],
    ['AT', '10115'],
    ['CA', '12345'],
    ['GB', '12345'],
  ] as const)
    expect(wrong(country, code)).toBe('postal');
});

test('a phone number may be left out, but not be nonsense', () => {
  const phone = (text: string) => faults(filled('IE', { phone: text })).phone;
  expect(phone('')).toBeUndefined();
  expect(phone('+44 20 7946 0000')).toBeUndefined();
  expect(phone('call me')).toBe('phone');
  expect(phone('12')).toBe('phone');
});

test('what is empty is not sent, nor a region where there is none', () => {
  const sent = toAddress(filled('DE', { region: 'Berlin', postal_code: ' 10115 ', company: ' ' }));
  expect(sent).toEqual({
    name: 'Ada Lovelace',
    company: null,
    line1: '12 Analytical Row',
    line2: null,
    city: 'London',
    region: null,
    postal_code: '10115',
    country: 'DE',
    phone: null,
  });
});

test('a kept address can be changed and comes back the same', () => {
  const kept = toAddress(filled('US', { region: 'CA', postal_code: '94103' }));
  expect(toAddress(toForm(kept))).toEqual(kept);
});

test('an envelope is written as the country writes it', () => {
  const german = toAddress(filled('DE', { city: 'Berlin', postal_code: '10115' }));
  expect(envelope(german, 'en')).toEqual([
    'Ada Lovelace',
    '12 Analytical Row',
    '10115 Berlin',
    'Germany',
  ]);
  const american = toAddress(filled('US', { city: 'Fresno', region: 'CA', postal_code: '93650' }));
  expect(envelope(american, 'de').slice(2)).toEqual(['Fresno CA 93650', 'Vereinigte Staaten']);
});

test('countries are named and sorted in the reader’s language', () => {
  const german = countries('de').map((it) => it.name);
  expect(german).toHaveLength(249);
  expect(german.indexOf('Österreich')).toBeLessThan(german.indexOf('Polen'));
});

test('the country is guessed from the languages of the browser', () => {
  expect(likelyCountry(['de', 'de-AT', 'en-US'])).toBe('AT');
  expect(likelyCountry(['en'])).toBe('US');
});
