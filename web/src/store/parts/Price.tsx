import { type Money, useFormats } from '../../format';
import { useTexts } from '../texts';
import { Hidden } from './Hidden';
import styles from './Price.module.css';

type Props = {
  price: Money;
  /** What it was before, if that was more. */
  before?: Money | null | undefined;
  /** There are dearer ones too. */
  from?: boolean;
  size?: 'normal' | 'large';
};

export function Price({ price, before, from = false, size = 'normal' }: Props) {
  const { parts } = useTexts();
  const { money } = useFormats();
  const less = before && before.amount > price.amount;
  return (
    <span className={`${styles.price} ${styles[size]} ${less ? styles.less : ''}`}>
      <span>
        {less && <Hidden>{parts.salePrice} </Hidden>}
        {from ? parts.from(money(price)) : money(price)}
      </span>
      {less && (
        <s>
          <Hidden>{parts.regularPrice} </Hidden>
          {money(before)}
        </s>
      )}
    </span>
  );
}
