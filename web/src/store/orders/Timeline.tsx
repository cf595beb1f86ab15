import { useFormats } from '../../format';
import { Icon } from '../parts/Icon';
import { useTexts } from '../texts';
import styles from './Timeline.module.css';
import { ahead, events, type Milestone, type Order } from './timeline';

/** What happened to the order, and what is still to come. */
export function Timeline({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const { time, money } = useFormats();
  const reasons = texts.reasons as Record<string, string>;
  const refunds = texts.refundReasons as Record<string, string>;
  return (
    <ol className={styles.timeline}>
      {events(order.history ?? []).map(({ what, at, reason, amount }) => (
        <li key={what + at + amount?.amount} className={isBad(what) ? styles.bad : styles.done}>
          <span className={styles.dot}>
            <Icon name={isBad(what) ? 'close' : 'check'} size={14} />
          </span>
          <span className={styles.what}>{texts.milestones[what]}</span>
          {what === 'cancelled' && reason && (
            <span className={styles.when}>{reasons[reason] ?? reason}</span>
          )}
          {amount && (
            <span className={styles.when}>
              {[money(amount), reason && refunds[reason]].filter(Boolean).join(' – ')}
            </span>
          )}
          {what === 'shipped' && order.tracking_number && (
            <span className={styles.when}>{texts.tracking(order.tracking_number)}</span>
          )}
          <time className={styles.when} dateTime={at}>
            {time(at)}
          </time>
        </li>
      ))}
      {ahead(order.status).map((what) => (
        <li key={what}>
          <span className={styles.dot} />
          <span>{texts.upcoming[what as keyof typeof texts.upcoming]}</span>
        </li>
      ))}
    </ol>
  );
}

function isBad(what: Milestone): boolean {
  return what === 'declined' || what === 'gone' || what === 'cancelled';
}
