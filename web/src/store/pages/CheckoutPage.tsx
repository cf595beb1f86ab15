import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { addressesQuery } from '../account/queries';
import { useKnownUser } from '../account/useKnownUser';
import { cartQuery, useCart } from '../cart';
import { Asking } from '../checkout/Asking';
import { CheckoutForm } from '../checkout/CheckoutForm';
import { forgetDraft } from '../checkout/form';
import { checkouts, place } from '../checkout/place';
import { usePursuit } from '../checkout/usePursuit';
import { isPlaced } from '../orders/nextAction';
import { ButtonLink } from '../parts/Button';
import { Page } from '../parts/Page';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import styles from './CheckoutPage.module.css';

export function CheckoutPage() {
  const { checkout: texts, cart: cartTexts } = useTexts();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const user = useKnownUser();
  const cart = useCart();
  const addresses = useQuery({ ...addressesQuery, enabled: !!user });
  const [refused, setRefused] = useState<unknown>(null);
  const pursued = usePursuit({
    slot: checkouts,
    send: place,
    onDone: (id) => {
      forgetDraft();
      void queries.invalidateQueries(cartQuery);
      isPlaced(id);
      void navigate({ to: '/orders/$id', params: { id }, replace: true });
    },
    onRefused: (error) => {
      setRefused(error);
      void queries.invalidateQueries(cartQuery);
      void queries.invalidateQueries({ queryKey: ['quote'] });
    },
  });
  const { pursuit } = pursued;
  // What shows the outcome is here before it is needed, whatever becomes of the shop meanwhile.
  useEffect(() => void import('./OrderPage').catch(() => {}), []);
  const asking = pursuit && pursuit.phase !== 'sending';
  if (cart.error && !asking) throw cart.error;
  // Whether there are addresses to choose from decides how the form looks.
  const waiting = user === undefined || cart.isPending || (user !== null && addresses.isPending);
  const empty = !waiting && !cart.data?.items.length && !pursuit;
  return (
    <Page title={texts.title}>
      {asking && <Asking {...pursued} pursuit={pursuit} />}
      {!asking && waiting && <Waiting />}
      {!asking && empty && (
        <div className={styles.empty}>
          <p>{cartTexts.empty}</p>
          <ButtonLink to="/">{cartTexts.continueShopping}</ButtonLink>
        </div>
      )}
      {/* What was written stays while it is asked what became of it. */}
      {!waiting && !empty && (
        <div hidden={!!asking}>
          <CheckoutForm
            key={user?.id ?? 'guest'}
            user={user}
            version={cart.data?.version ?? 0}
            sending={pursuit?.phase === 'sending'}
            refused={refused}
            begin={(attempt) => {
              setRefused(null);
              return pursued.begin(attempt);
            }}
          />
        </div>
      )}
    </Page>
  );
}

function Waiting() {
  return (
    <div className={styles.columns}>
      <div className={styles.sections}>
        <Skeleton height="8rem" />
        <Skeleton height="30rem" />
        <Skeleton height="12rem" />
      </div>
      <Skeleton height="24rem" />
    </div>
  );
}
