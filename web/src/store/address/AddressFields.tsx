import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useLanguage } from '../../texts';
import type { Bound } from '../forms/useForm';
import { SelectField, TextField } from '../parts/Field';
import { useTexts } from '../texts';
import styles from './AddressFields.module.css';
import { countriesQuery, rulesQuery, useKnownRules } from './countries';
import {
  type AddressFault,
  type AddressField,
  countries,
  fieldsOf,
  isRequired,
  type RuledField,
  type Rules,
  stateOf,
  statesOf,
} from './fields';

type Props = {
  bind: (field: AddressField) => Bound;
  country: string;
  /** Which address it is, for browsers that fill in. Orders are sent where the shop delivers. */
  section?: 'shipping' | 'billing';
};

const LENGTH: Record<RuledField, number> = {
  name: 200,
  company: 200,
  line1: 200,
  line2: 200,
  city: 100,
  region: 100,
  postal_code: 20,
};

const FILL: Record<RuledField, string> = {
  name: 'name',
  company: 'organization',
  line1: 'address-line1',
  line2: 'address-line2',
  city: 'address-level2',
  region: 'address-level1',
  postal_code: 'postal-code',
};

/** These share a row. */
const NARROW: readonly RuledField[] = ['city', 'region', 'postal_code'];

/** The fields of an address, as the country has them. */
export function AddressFields({ bind, country, section }: Props) {
  const { address: texts, form } = useTexts();
  const { data: rules } = useQuery(rulesQuery(country));
  const label = useLabel(rules);
  const fill = (what: string) => (section ? `${section} ${what}` : what);
  const field = (name: RuledField) => {
    const required = isRequired(name, rules);
    const all = {
      ...bind(name),
      label: label(name),
      note: required || !rules ? undefined : form.optional,
      required,
      autoComplete: fill(FILL[name]),
      ...(NARROW.includes(name) ? {} : { className: styles.wide }),
    };
    if (name === 'region' && statesOf(rules).length > 0)
      return <StateField key={name} {...all} rules={rules} />;
    const postal = name === 'postal_code' && {
      autoCapitalize: 'characters',
      placeholder: rules?.postal_code?.examples[0],
    };
    return <TextField key={name} {...all} {...postal} maxLength={LENGTH[name]} />;
  };
  return (
    <div className={styles.fields}>
      <CountryField bind={bind} country={country} section={section} />
      {fieldsOf(rules).map(field)}
      <TextField
        {...bind('phone')}
        label={texts.phone}
        note={form.optional}
        hint={texts.phoneHint}
        type="tel"
        maxLength={32}
        autoComplete={fill('tel')}
      />
    </div>
  );
}

function CountryField({ bind, country, section }: Props) {
  const { address: texts } = useTexts();
  const { locale } = useLanguage();
  const { data } = useQuery(countriesQuery);
  const all = useMemo(() => {
    const offered = data?.items.filter((it) => it.delivered || section !== 'shipping') ?? [];
    // What is chosen is shown, also where it is not offered.
    const codes = new Set([...offered.map((it) => it.code), country]);
    return countries([...codes].filter(Boolean), locale);
  }, [data, locale, section, country]);
  return (
    <SelectField
      {...bind('country')}
      label={texts.country}
      className={styles.wide}
      autoComplete={section ? `${section} country` : 'country'}
    >
      {all.map(({ code, name }) => (
        <option key={code} value={code}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}

type StateProps = Bound & {
  label: string;
  note: string | undefined;
  required: boolean;
  autoComplete: string;
  rules: Rules | undefined;
};

function StateField({ rules, value, ...rest }: StateProps) {
  const { address: texts } = useTexts();
  return (
    <SelectField {...rest} value={stateOf(rules, value)?.code ?? ''}>
      <option value="">{texts.choose}</option>
      {statesOf(rules).map(({ code, name, latin_name }) => (
        <option key={code} value={code}>
          {latin_name ?? name}
        </option>
      ))}
    </SelectField>
  );
}

/** What a field is called in the country. */
function useLabel(rules: Rules | undefined) {
  const { address: texts } = useTexts();
  const named = (names: Record<string, string>, kind: string | undefined) =>
    names[kind ?? ''] ?? names.other ?? '';
  return (field: RuledField): string => {
    if (field === 'city') return named(texts.city, rules?.city.kind);
    if (field === 'region') return named(texts.region, rules?.region?.kind);
    if (field === 'postal_code') return named(texts.postal, rules?.postal_code?.kind);
    return texts[field];
  };
}

/** A fault of an address in words. */
export function useAddressFault() {
  const { form } = useTexts();
  const rules = useKnownRules();
  return (fault: AddressFault, country: string): string =>
    fault === 'postal' ? form.postal(rules(country)?.postal_code?.examples[0] ?? '') : form[fault];
}
