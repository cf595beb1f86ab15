import { expect, test } from '@playwright/test';

import {
  countries,
  emptyAddress,
  envelope,
  faults,
  fieldsOf,
  likelyCountry,
  stateOf,
  toAddress,
  toForm,
} from '../../src/store/address/fields';
import { codes, rules } from './rules';

const filled = (country: string, more = {}) => ({
  ...emptyAddress(country),
  name: 'Ada Lovelace',
  line1: '12 Analytical Row',
  city: 'London',
  ...more,
});

const wrong = (country: string, more = {}) => faults(filled(country, more), rules(country));

test('what a country asks for is asked for', () => {
  expect(wrong('US')).toEqual({ region: 'required', postal_code: 'required' });
  expect(wrong('DE')).toEqual({ postal_code: 'required' });
  expect(wrong('IE')).toEqual({});
  expect(wrong('HK')).toEqual({ region: 'required' });
  expect(Object.keys(faults(emptyAddress('GB'), rules('GB'))).sort()).toEqual([
    'city',
    'line1',
    'name',
    'postal_code',
  ]);
  // Until the rules are here, what every address has.
  expect(Object.keys(faults(emptyAddress('GB'), undefined))).toEqual(['name', 'line1']);
});

test('postal codes look like those of the country', () => {
  const fault = (country: string, postal_code: string) =>
    wrong(country, { postal_code }).postal_code;
  const good: [string, string][] = [
    ['US', '94103'],
    ['US', '94103-1234'],
    ['CA', 'k1a 0b1'],
    ['GB', 'W1A 1AA'],
    ['GB', 'sw1a2aa'],
    ['DE', ' 10115 '],
    ['NL', '1011 AB'],
    ['CH', 'CH-8001'],
    ['JP', '１１２-０００１'],
    ['HK', 'whatever'],
  ];
  for (const [country, code] of good) expect(fault(country, code)).toBeUndefined();
  for (const [country, code] of [
    ['US', '9410'],
    ['DE', '1011'],
    ['AT', '10115'],
    ['CA', '12345'],
    ['GB', '12345'],
  ] as const)
    expect(fault(country, code)).toBe('postal');
});

test('every pattern is one that browsers understand, and its examples fit it', () => {
  for (const country of codes)
    for (const postal_code of rules(country).postal_code?.examples ?? [])
      expect(wrong(country, { postal_code }).postal_code, `${country} ${postal_code}`).toBe(
        undefined,
      );
});

test('a state is one of the country', () => {
  const fault = (region: string) => wrong('US', { region, postal_code: '93650' }).region;
  for (const region of ['CA', 'California', ' california ']) expect(fault(region)).toBeUndefined();
  for (const region of ['ON', 'Foobar', '']) expect(fault(region)).toBe('required');
  expect(stateOf(rules('JP'), 'Tokyo')?.code).toBe('13');
  expect(stateOf(rules('GB'), 'Kent')).toBeUndefined();
});

test('fields stand in the order of the country', () => {
  const place = (country: string) => fieldsOf(rules(country)).slice(4);
  expect(place('US')).toEqual(['city', 'region', 'postal_code']);
  expect(place('DE')).toEqual(['postal_code', 'city']);
  expect(place('HK')).toEqual(['city', 'region']);
  expect(place('SG')).toEqual(['postal_code']);
});

test('a phone number may be left out, but not be nonsense', () => {
  const phone = (text: string) => wrong('IE', { phone: text }).phone;
  expect(phone('')).toBeUndefined();
  expect(phone('+44 20 7946 0000')).toBeUndefined();
  expect(phone('call me')).toBe('phone');
  expect(phone('12')).toBe('phone');
});

test('what is empty is not sent, nor a region where there is none', () => {
  const form = filled('DE', { region: 'Berlin', postal_code: ' 10115 ', company: ' ' });
  expect(toAddress(form, rules('DE'))).toEqual({
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
  const kept = toAddress(filled('US', { region: 'CA', postal_code: '94103' }), rules('US'));
  expect(toAddress(toForm(kept), rules('US'))).toEqual(kept);
});

test('an envelope is written as the country writes it', () => {
  const german = filled('DE', { city: 'Berlin', postal_code: '10115' });
  expect(envelope(german, 'en', rules('DE'))).toEqual([
    'Ada Lovelace',
    '12 Analytical Row',
    '10115 Berlin',
    'Germany',
  ]);
  const american = filled('US', { city: 'Fresno', region: 'CA', postal_code: '93650' });
  expect(envelope(american, 'de', rules('US')).slice(2)).toEqual([
    'Fresno CA 93650',
    'Vereinigte Staaten',
  ]);
  const irish = filled('IE', { city: 'Cobh', region: 'CO' });
  expect(envelope(irish, 'en', rules('IE'))[2]).toBe('Cobh Co. Cork');
  // What was kept before there were rules is still told.
  const british = filled('GB', { region: 'Kent', postal_code: 'CT1 1AA' });
  expect(envelope(british, 'en', rules('GB'))[2]).toBe('London CT1 1AA Kent');
  expect(envelope(american, 'en', undefined)[2]).toBe('Fresno CA 93650');
});

test('countries are named and sorted in the reader’s language', () => {
  const german = countries(codes, 'de').map((it) => it.name);
  expect(german).toHaveLength(249);
  expect(german.indexOf('Österreich')).toBeLessThan(german.indexOf('Polen'));
});

test('the country is guessed from the languages of the browser', () => {
  expect(likelyCountry(['de', 'de-AT', 'en-US'])).toBe('AT');
  expect(likelyCountry(['es-419', 'en'])).toBe('US');
});
