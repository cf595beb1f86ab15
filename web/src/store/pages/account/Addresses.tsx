import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, ok } from '../../../api/client';
import { addressesQuery, type KeptAddress } from '../../account/queries';
import { AddressFields, useAddressFault } from '../../address/AddressFields';
import { rulesQuery, useKnownRules } from '../../address/countries';
import { Envelope } from '../../address/Envelope';
import {
  type AddressForm,
  emptyAddress,
  faults,
  likelyCountry,
  toAddress,
  toForm,
} from '../../address/fields';
import { announce } from '../../announce';
import { Summary } from '../../forms/Summary';
import { useForm } from '../../forms/useForm';
import { Button } from '../../parts/Button';
import { Dialog } from '../../parts/Dialog';
import { FailedPart } from '../../parts/FailedPart';
import { CheckField } from '../../parts/Field';
import { Note } from '../../parts/Note';
import { Skeleton } from '../../parts/Skeleton';
import { useInWords, useSaid } from '../../problems';
import { useTexts } from '../../texts';
import auth from '../Auth.module.css';
import styles from './Addresses.module.css';

/** Addresses to choose from at the checkout. */
export function Addresses() {
  const { account: texts } = useTexts();
  const query = useQuery(addressesQuery);
  const { data, error } = query;
  // Which one is written: one that is kept, or a new one.
  const [writing, setWriting] = useState<KeptAddress | 'new' | null>(null);
  if (error && !data) return <FailedPart query={query} />;
  const write = (what: KeptAddress | 'new' | null) => setWriting(what);
  return (
    <>
      {!data && <Skeleton height="11rem" />}
      {data?.items.length === 0 && <p>{texts.noAddresses}</p>}
      {data && data.items.length > 0 && (
        <ul className={styles.addresses}>
          {data.items.map((address) => (
            <Kept key={address.id} address={address} onEdit={() => write(address)} />
          ))}
        </ul>
      )}
      <div>
        <Button onClick={() => write('new')}>{texts.addAddress}</Button>
      </div>
      <Dialog
        open={writing !== null}
        onClose={() => write(null)}
        title={writing === 'new' ? texts.addAddress : texts.editAddress}
      >
        {writing && (
          <Write
            key={writing === 'new' ? 'new' : writing.id}
            address={writing === 'new' ? null : writing}
            onDone={() => write(null)}
          />
        )}
      </Dialog>
    </>
  );
}

function Kept({ address, onEdit }: { address: KeptAddress; onEdit: () => void }) {
  const { account: texts } = useTexts();
  const said = useSaid();
  const queries = useQueryClient();
  const removing = useMutation({
    mutationFn: () =>
      ok(api.DELETE('/api/v1/users/me/addresses/{id}', { params: { path: { id: address.id } } })),
    onSuccess: () => {
      announce(texts.addressDeleted);
      return queries.invalidateQueries(addressesQuery);
    },
  });
  return (
    <li className={styles.address}>
      <Envelope address={address} />
      {address.is_default && <p className={styles.default}>{texts.isDefault}</p>}
      {removing.error && <Note kind="bad">{said(removing.error)}</Note>}
      <div className={styles.tools}>
        <Button look="outline" onClick={onEdit} aria-label={texts.editOf(address.name)}>
          {texts.edit}
        </Button>
        <Button
          look="plain"
          busy={removing.isPending}
          onClick={() => removing.mutate()}
          aria-label={texts.deleteOf(address.name)}
        >
          {texts.delete}
        </Button>
      </div>
    </li>
  );
}

function Write({ address, onDone }: { address: KeptAddress | null; onDone: () => void }) {
  const { account: texts } = useTexts();
  const queries = useQueryClient();
  const [preferred, setPreferred] = useState(address?.is_default ?? false);
  const words = useAddressFault();
  const rules = useKnownRules();
  const form = useForm<AddressForm>({
    initial: () => (address ? toForm(address) : emptyAddress(likelyCountry(navigator.languages))),
    check: (values) =>
      Object.fromEntries(
        Object.entries(faults(values, rules(values.country))).map(([field, fault]) => [
          field,
          words(fault, values.country),
        ]),
      ),
    submit: async (values) => {
      const body = { ...toAddress(values, rules(values.country)), is_default: preferred };
      await ok(
        address
          ? api.PUT('/api/v1/users/me/addresses/{id}', {
              params: { path: { id: address.id } },
              body,
            })
          : api.POST('/api/v1/users/me/addresses', { body }),
      );
      await queries.invalidateQueries(addressesQuery);
      announce(texts.saved);
      onDone();
    },
    inWords: useInWords(),
  });
  // What is wrong is looked for anew when the rules are here.
  useQuery(rulesQuery(form.values.country));
  return (
    <form className={auth.form} noValidate onSubmit={form.onSubmit}>
      <Summary form={form} />
      <AddressFields bind={form.bind} country={form.values.country} />
      <CheckField
        label={texts.makeDefault}
        checked={preferred}
        disabled={address?.is_default}
        onChange={(event) => setPreferred(event.target.checked)}
      />
      <div className={styles.tools}>
        <Button type="submit" busy={form.busy}>
          {texts.save}
        </Button>
        <Button look="outline" onClick={onDone}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}
