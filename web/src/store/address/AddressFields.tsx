import { useMemo } from 'react';

import { useLanguage } from '../../texts';
import type { Bound } from '../forms/useForm';
import { SelectField, TextField } from '../parts/Field';
import { useTexts } from '../texts';
import styles from './AddressFields.module.css';
import { type AddressFault, type AddressField, countries, rules } from './fields';

type Props = {
  bind: (field: AddressField) => Bound;
  country: string;
  /** Which address it is, for browsers that fill in. */
  section?: 'shipping' | 'billing';
};

/** The fields of an address, as the country has them. */
export function AddressFields({ bind, country, section }: Props) {
  const { address: texts, form } = useTexts();
  const { locale } = useLanguage();
  const all = useMemo(() => countries(locale), [locale]);
  const { region, regionRequired, postal, postalRequired, example, postalFirst } = rules(country);
  const fill = (what: string) => (section ? `${section} ${what}` : what);
  const postalField = (
    <TextField
      {...bind('postal_code')}
      label={texts.postal[postal]}
      note={postalRequired ? undefined : form.optional}
      required={postalRequired}
      maxLength={20}
      autoComplete={fill('postal-code')}
      autoCapitalize="characters"
      placeholder={example}
    />
  );
  const cityField = (
    <TextField
      {...bind('city')}
      label={texts.city}
      required
      maxLength={100}
      autoComplete={fill('address-level2')}
    />
  );
  return (
    <div className={styles.fields}>
      <SelectField
        {...bind('country')}
        label={texts.country}
        className={styles.wide}
        autoComplete={fill('country')}
      >
        {all.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </SelectField>
      <TextField
        {...bind('name')}
        label={texts.name}
        className={styles.wide}
        required
        maxLength={200}
        autoComplete={fill('name')}
      />
      <TextField
        {...bind('company')}
        label={texts.company}
        note={form.optional}
        className={styles.wide}
        maxLength={200}
        autoComplete={fill('organization')}
      />
      <TextField
        {...bind('line1')}
        label={texts.line1}
        className={styles.wide}
        required
        maxLength={200}
        autoComplete={fill('address-line1')}
      />
      <TextField
        {...bind('line2')}
        label={texts.line2}
        note={form.optional}
        className={styles.wide}
        maxLength={200}
        autoComplete={fill('address-line2')}
      />
      {postalFirst && postalField}
      {cityField}
      {region && (
        <TextField
          {...bind('region')}
          label={texts.region[region]}
          note={regionRequired ? undefined : form.optional}
          required={regionRequired}
          maxLength={100}
          autoComplete={fill('address-level1')}
        />
      )}
      {!postalFirst && postalField}
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

/** A fault of an address in words. */
export function useAddressFault() {
  const { form } = useTexts();
  return (fault: AddressFault, country: string): string =>
    fault === 'postal' ? form.postal(rules(country).example ?? '') : form[fault];
}
