import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { isProblem } from '../../api/problem';
import { keepPrefill } from '../account/prefill';
import { useKnownUser } from '../account/useKnownUser';
import { Envelope } from '../address/Envelope';
import { cartQuery } from '../cart';
import { CancelOrder } from '../orders/CancelOrder';
import { ConfirmStep } from '../orders/ConfirmStep';
import { isFresh, nextAction } from '../orders/nextAction';
import { PayStep } from '../orders/PayStep';
import { orderQuery } from '../orders/queries';
import { RedirectStep } from '../orders/RedirectStep';
import styles from '../orders/Step.module.css';
import { StripeStep } from '../orders/StripeStep';
import { OrderLines, Totals } from '../orders/Summary';
import { Timeline } from '../orders/Timeline';
import { mayCancel, type Order, stage } from '../orders/timeline';
import { useReturn } from '../orders/useReturn';
import { Working } from '../orders/Working';
import { ButtonLink } from '../parts/Button';
import { bringUp } from '../parts/bringUp';
import { NoReferrer } from '../parts/NoReferrer';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import page from './OrderPage.module.css';

const route = getRouteApi('/orders/$id');

export function OrderPage() {
  const { id } = route.useParams();
  const { order: texts } = useTexts();
  const user = useKnownUser();
  const queries = useQueryClient();
  const navigate = route.useNavigate();
  const {
    data: order,
    error,
    failureCount,
  } = useQuery({ ...orderQuery(id), enabled: user !== undefined });
  // Where one comes back from, the address need not tell any longer.
  const { payment } = route.useSearch();
  const [returned] = useState(payment !== undefined);
  useEffect(() => {
    if (payment !== undefined)
      void navigate({ to: '/orders/$id', params: { id }, search: {}, replace: true });
  }, [payment, id, navigate]);
  // A mail knows an order by its number.
  useEffect(() => {
    if (!order || order.id === id) return;
    queries.setQueryData(orderQuery(order.id).queryKey, order);
    void navigate({ to: '/orders/$id', params: { id: order.id }, replace: true });
  }, [order, id, queries, navigate]);
  if (error && !order) {
    if (!isProblem(error, 'order_not_found')) throw error;
    return <NotFound guest={user === null} id={id} />;
  }
  return (
    <Page title={order ? texts.title(order.number) : texts.untitled}>
      <NoReferrer />
      {!order && failureCount > 1 && (
        <Note kind="warn" role="status">
          {texts.unreachable}
        </Note>
      )}
      {order ? <Found order={order} guest={user === null} returned={returned} /> : <Waiting />}
    </Page>
  );
}

type Props = {
  order: Order;
  guest: boolean;
  /** Whether the customer comes from a page of their bank's. */
  returned: boolean;
};

function Found({ order, guest, returned }: Props) {
  const { order: texts } = useTexts();
  useBought(order);
  return (
    <div className={page.columns}>
      <div className={page.main}>
        <Standing order={order} guest={guest} returned={returned} />
        <section className={page.section}>
          <h2>{texts.orderStatus}</h2>
          <Timeline order={order} />
        </section>
        <section className={page.addresses}>
          {order.shipping_address && (
            <div>
              <h2>{texts.shippingAddress}</h2>
              <Envelope address={order.shipping_address} />
            </div>
          )}
          {order.billing_address && (
            <div>
              <h2>{texts.billingAddress}</h2>
              <Envelope address={order.billing_address} />
            </div>
          )}
          <div>
            <h2>{texts.contact}</h2>
            <p>{order.email}</p>
          </div>
          {order.note && (
            <div>
              <h2>{texts.note}</h2>
              <p className={page.note}>{order.note}</p>
            </div>
          )}
        </section>
        {mayCancel(order) && <CancelOrder order={order} />}
      </div>
      <aside className={page.summary} aria-label={texts.summary}>
        <h2>{texts.summary}</h2>
        <OrderLines items={order.items} />
        <Totals {...order} />
        <p>{texts.payment[order.payment_status]}</p>
      </aside>
    </div>
  );
}

/** What is to be known or done first of all; gets the focus when that becomes something else. */
function Standing({ order, guest, returned }: Props) {
  const [awaited] = useState(() => returned || isFresh(order.id));
  // What one comes back from is the payment there was then, and no later one.
  const [first] = useState(order.payment?.id);
  const box = useRef<HTMLDivElement>(null);
  const now = `${stage(order)} ${order.status} ${order.payment?.id}`;
  // Who has just ordered, or comes back from their bank, waits for it.
  const before = useRef(awaited ? '' : now);
  useEffect(() => {
    if (before.current !== now) bringUp(box.current);
    before.current = now;
  }, [now]);
  return (
    <div ref={box} tabIndex={-1} className={page.step}>
      <Step
        key={order.payment?.id}
        order={order}
        guest={guest}
        returned={returned && order.payment?.id === first}
      />
    </div>
  );
}

function Step({ order, guest, returned }: Props) {
  const { order: texts } = useTexts();
  switch (stage(order)) {
    case 'working':
      return <Working title={texts.processing} text={texts.processingText} />;
    case 'confirm':
      return <NextStep order={order} returned={returned} />;
    case 'processing':
      return (
        <section className={page.standing} role="status">
          <h2>{texts.bank.title}</h2>
          <p>{texts.bank.text(order.email)}</p>
          <ButtonLink to="/" look="outline">
            {texts.continueShopping}
          </ButtonLink>
        </section>
      );
    case 'pay':
      return <PayStep order={order} />;
    case 'settled': {
      const { title, text } = texts.standing[standing(order)];
      return (
        <section className={page.standing}>
          <h2>{title}</h2>
          <p>{text(order.email)}</p>
          {guest && order.status === 'confirmed' && (
            <Note kind="plain">
              {texts.accountHint(order.email)}{' '}
              <Link to="/register" onClick={() => keepPrefill(buyer(order))}>
                {texts.register}
              </Link>
            </Note>
          )}
          <ButtonLink to="/" look="outline">
            {texts.continueShopping}
          </ButtonLink>
        </section>
      );
    }
  }
}

/** As whom a guest would register. */
function buyer({ email, shipping_address, billing_address }: Order) {
  return { email, name: (shipping_address ?? billing_address)?.name ?? '' };
}

/** What the customer does next for their payment. */
function NextStep({ order, returned }: Omit<Props, 'guest'>) {
  const { order: texts, payment } = useTexts();
  const action = nextAction(order);
  // From the sandbox's bank nobody comes back: it asks here.
  const elsewhere = action !== null && action.type !== 'confirm';
  const { checking, undone } = useReturn(order, returned && elsewhere);
  if (checking) return <Working title={payment.action.checking} text={payment.action.working} />;
  switch (action?.type) {
    // Nobody can say at the moment; the order is read again.
    case undefined:
      return <Working title={texts.processing} text={texts.processingText} />;
    case 'confirm':
      return <ConfirmStep order={order} />;
    case 'redirect':
      return <RedirectStep order={order} url={action.url} undone={undone} />;
    case 'stripe':
      return <StripeStep order={order} action={action} undone={undone} />;
    case 'unknown':
      return (
        <section className={styles.step}>
          <Note kind="warn">{payment.action.unknown}</Note>
        </section>
      );
  }
}

/** What is told of an order that is settled: where its goods are, and that its money went back. */
function standing({ status, payment_status }: Order) {
  if (payment_status !== 'refunded') return status;
  if (status === 'cancelled') return 'undone';
  // The parcel is on its way all the same.
  return status === 'shipped' ? status : 'refunded';
}

/** What was bought leaves the cart a moment later; the page should not show it any longer. */
function useBought(order: Order) {
  const queries = useQueryClient();
  const bought = order.status === 'confirmed';
  const items = useRef(order.items);
  useEffect(() => {
    if (!bought) return;
    let left = false;
    const look = async (tries: number) => {
      await queries.invalidateQueries(cartQuery);
      const cart = queries.getQueryData(cartQuery.queryKey);
      const there = items.current.every(({ sku }) => cart?.items.some((it) => it.sku === sku));
      if (there && tries < 5 && !left) setTimeout(() => look(tries + 1), 300 * 2 ** tries);
    };
    void look(0);
    return () => {
      left = true;
    };
  }, [bought, queries]);
}

/** There may be such an order, but nothing here opens it. */
function NotFound({ guest, id }: { guest: boolean; id: string }) {
  const { order: texts } = useTexts();
  const { title, text, find, account } = texts.missing;
  return (
    <Page title={title} narrow>
      <p>{text}</p>
      <ButtonLink to="/find-order" search={isNumber(id) ? { number: id } : {}}>
        {find}
      </ButtonLink>
      {guest && (
        <p>
          {account}{' '}
          <Link to="/login" search={{ next: `/orders/${id}` }}>
            {texts.signIn}
          </Link>
        </p>
      )}
    </Page>
  );
}

/** Whether it is what customers know an order by, and not its id. */
const isNumber = (id: string) => !/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id);

function Waiting() {
  return (
    <div className={page.columns}>
      <div className={page.main}>
        <Skeleton height="18rem" />
        <Skeleton height="22rem" />
      </div>
      <Skeleton height="22rem" />
    </div>
  );
}
