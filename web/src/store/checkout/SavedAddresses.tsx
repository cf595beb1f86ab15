import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';

import type { User } from '../../api/session';
import { addressesQuery } from '../account/queries';
import { rulesQuery } from '../address/countries';
import { Envelope } from '../address/Envelope';
import { emptyAddress, toForm } from '../address/fields';
import { Choice } from '../parts/Choice';
import { useTexts } from '../texts';
import { type CheckoutForm, check, withPrefix } from './form';

type Props = {
  user: User | null;
  values: CheckoutForm;
  set: (changes: Partial<CheckoutForm>) => void;
  /** The fields for another address. */
  children: ReactNode;
};

const NEW = 'new';

/** Where it goes to: one of the addresses the account keeps, or another one. */
export function SavedAddresses({ user, values, set, children }: Props) {
  const { checkout: texts } = useTexts();
  const { data } = useQuery({ ...addressesQuery, enabled: user !== null });
  const kept = data?.items ?? [];
  const choose = (id: string) => {
    const address = kept.find((it) => it.id === id);
    const form = address ? toForm(address) : emptyAddress(values['shipping.country']);
    set({ saved: id, ...withPrefix('shipping', form) });
  };
  const first = useRef(choose);
  first.current = choose;
  const suggestion = kept.find((it) => it.is_default)?.id;
  const untouched = !values.saved && values['shipping.line1'].trim() === '';
  useEffect(() => {
    // Not over what was written before the login.
    if (suggestion && untouched) first.current(suggestion);
  }, [suggestion, untouched]);

  const { data: rules } = useQuery(rulesQuery(values['shipping.country']));

  if (kept.length === 0) return children;
  const needs = { guest: false, shipped: true, rules: () => rules };
  const complete = Object.keys(check({ ...values, elsewhere: '' }, needs)).length === 0;
  const known = kept.some((it) => it.id === values.saved);
  return (
    <>
      <Choice
        legend={texts.shippingAddress}
        name="saved"
        value={known ? values.saved : NEW}
        onChange={choose}
        options={[
          ...kept.map((address) => ({
            value: address.id,
            label: address.name,
            more: <Envelope address={{ ...address, name: null }} />,
          })),
          { value: NEW, label: texts.differentAddress },
        ]}
      />
      {(!known || !complete) && children}
    </>
  );
}
