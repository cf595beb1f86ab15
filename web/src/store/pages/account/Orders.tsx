import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { useUser } from '../../../api/useUser';
import { useFormats } from '../../../format';
import { picture } from '../../../picture';
import { ordersQuery } from '../../account/queries';
import { stage } from '../../orders/timeline';
import { Button, ButtonLink } from '../../parts/Button';
import { FailedPart } from '../../parts/FailedPart';
import { Note } from '../../parts/Note';
import { Skeleton } from '../../parts/Skeleton';
import { useTexts } from '../../texts';
import styles from './Orders.module.css';

/** Everything the user has ordered, newest first. */
export function Orders() {
  return (
    <>
      <Unproven />
      <List />
    </>
  );
}

/** What was ordered as a guest shows once the address is known to be the user's. */
function Unproven() {
  const { account: texts } = useTexts();
  const user = useUser();
  if (!user || user.email_verified) return null;
  return (
    <Note kind="plain">
      {texts.verifyForOrders(user.email)}{' '}
      <Link to="/account/profile">{texts.requestVerification}</Link>
    </Note>
  );
}

function List() {
  const { account: texts, order: orderTexts } = useTexts();
  const { money, date } = useFormats();
  const query = useInfiniteQuery(ordersQuery);
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  if (error && !data) return <FailedPart query={query} />;
  if (!data) return <Waiting />;
  const orders = data.pages.flatMap((page) => page.items);
  if (orders.length === 0)
    return (
      <div className={styles.empty}>
        <p>{texts.noOrders}</p>
        <ButtonLink to="/">{texts.startShopping}</ButtonLink>
      </div>
    );
  return (
    <>
      <ul className={styles.orders}>
        {orders.map((order) => (
          <li key={order.id}>
            <Link to="/orders/$id" params={{ id: order.id }} className={styles.order}>
              <span className={styles.pictures} aria-hidden="true">
                {order.items
                  .slice(0, 3)
                  .map(
                    ({ sku, image }) =>
                      image && (
                        <img key={sku} {...picture(image, '3rem')} alt="" width={48} height={48} />
                      ),
                  )}
              </span>
              <span className={styles.words}>
                <strong>{order.number}</strong>
                <span className={styles.soft}>
                  {date(order.created_at)} ·{' '}
                  {texts.items(order.items.reduce((sum, it) => sum + it.quantity, 0))}
                </span>
              </span>
              <span className={styles.status} data-status={order.status}>
                {stage(order) === 'pay' || stage(order) === 'confirm'
                  ? texts.paymentRequired
                  : orderTexts.status[order.status]}
              </span>
              <span className={styles.total}>{money(order.total)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <div>
          <Button look="outline" busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
            {texts.showOlder}
          </Button>
        </div>
      )}
    </>
  );
}

function Waiting() {
  return (
    <ul className={styles.orders}>
      {[1, 2, 3].map((it) => (
        <li key={it}>
          <Skeleton height="5rem" />
        </li>
      ))}
    </ul>
  );
}
