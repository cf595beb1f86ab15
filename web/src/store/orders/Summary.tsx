import { type Money, useFormats } from '../../format';
import { picture } from '../../picture';
import { useTexts } from '../texts';
import styles from './Summary.module.css';

type Line = {
  sku: string;
  title: string;
  variant_title?: string | null;
  image?: string | null;
  quantity: number;
  total: Money;
};

/** What is bought. */
export function OrderLines({ items }: { items: Line[] }) {
  const { order: texts } = useTexts();
  const { money } = useFormats();
  return (
    <ul className={styles.lines}>
      {items.map((item) => (
        <li key={item.sku}>
          <span className={styles.picture}>
            {item.image && (
              <img {...picture(item.image, '4rem')} alt="" width={64} height={64} loading="lazy" />
            )}
          </span>
          <span className={styles.words}>
            <span className={styles.title}>{item.title}</span>
            {item.variant_title && <span className={styles.soft}>{item.variant_title}</span>}
            <span className={styles.soft}>{texts.quantity(item.quantity)}</span>
          </span>
          <span className={styles.amount}>{money(item.total)}</span>
        </li>
      ))}
    </ul>
  );
}

type Sums = {
  subtotal: Money;
  shipping: Money;
  /** None where nothing is sent. */
  shipping_method?: string | null;
  tax: Money;
  total: Money;
};

/** What it costs. */
export function Totals({ subtotal, shipping, shipping_method: method, tax, total }: Sums) {
  const { order: texts, checkout } = useTexts();
  const methods = checkout.methods as Record<string, string>;
  const { money } = useFormats();
  return (
    <dl className={styles.totals}>
      <div>
        <dt>{texts.subtotal}</dt>
        <dd>{money(subtotal)}</dd>
      </div>
      {(method || shipping.amount > 0) && (
        <div>
          <dt>{(method && methods[method]) ?? texts.shipping}</dt>
          <dd>{shipping.amount === 0 ? texts.free : money(shipping)}</dd>
        </div>
      )}
      <div>
        <dt>{texts.tax}</dt>
        <dd>{money(tax)}</dd>
      </div>
      <div className={styles.total}>
        <dt>{texts.total}</dt>
        <dd>{money(total)}</dd>
      </div>
    </dl>
  );
}
