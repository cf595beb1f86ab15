import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, ok } from '../../../api/client';
import { type KeptMethod, keptMethodsQuery } from '../../account/queries';
import { announce } from '../../announce';
import { expiryOf, nameOf } from '../../checkout/saved';
import { Button } from '../../parts/Button';
import { FailedPart } from '../../parts/FailedPart';
import { Note } from '../../parts/Note';
import { Skeleton } from '../../parts/Skeleton';
import { useSaid } from '../../problems';
import { useTexts } from '../../texts';
import styles from './Addresses.module.css';

/** What one can pay with without writing it again. */
export function PaymentMethods() {
  const { account: texts } = useTexts();
  const query = useQuery(keptMethodsQuery);
  const { data, error } = query;
  if (error && !data) return <FailedPart query={query} />;
  if (!data) return <Skeleton height="11rem" />;
  return (
    <>
      {data.length === 0 ? (
        <p>{texts.noPaymentMethods}</p>
      ) : (
        <ul className={styles.addresses}>
          {data.map((method) => (
            <Kept key={method.id} method={method} />
          ))}
        </ul>
      )}
      <p>{texts.aboutPaymentMethods}</p>
    </>
  );
}

function Kept({ method }: { method: KeptMethod }) {
  const { account: texts, payment } = useTexts();
  const said = useSaid();
  const queries = useQueryClient();
  const removing = useMutation({
    mutationFn: () =>
      ok(
        api.DELETE('/api/v1/users/me/payment-methods/{id}', {
          params: { path: { id: method.id } },
        }),
      ),
    onSuccess: () => {
      announce(texts.paymentMethodDeleted);
      return queries.invalidateQueries(keptMethodsQuery);
    },
  });
  const name = nameOf(method);
  const expiry = expiryOf(method);
  return (
    <li className={styles.address}>
      <div>
        <p>{name}</p>
        {expiry && <p>{payment.saved.expires(expiry)}</p>}
      </div>
      {removing.error && <Note kind="bad">{said(removing.error)}</Note>}
      <div className={styles.tools}>
        <Button
          look="outline"
          busy={removing.isPending}
          onClick={() => removing.mutate()}
          aria-label={texts.deletePaymentMethod(name)}
        >
          {texts.delete}
        </Button>
      </div>
    </li>
  );
}
