import { Link } from '@tanstack/react-router';

import { useFormats } from '../../format';
import { picture } from '../../picture';
import type { CartItem } from '../cart';
import { closeCart } from '../cartDrawer';
import { Icon } from '../parts/Icon';
import { Stepper } from '../parts/Stepper';
import { useTexts } from '../texts';
import { most } from './change';
import styles from './Line.module.css';

type Props = {
  item: CartItem;
  onQuantity: (quantity: number) => void;
  onRemove: () => void;
};

/** One line of the cart. */
export function Line({ item, onQuantity, onRemove }: Props) {
  const { cart: texts } = useTexts();
  const { money } = useFormats();
  const title = item.title ?? item.sku;
  return (
    <li className={styles.line}>
      <div className={styles.picture}>
        {item.image && (
          <img {...picture(item.image, '5.5rem')} alt="" width={88} height={88} loading="lazy" />
        )}
      </div>
      <div className={styles.words}>
        {item.slug ? (
          <Link
            to="/products/$slug"
            params={{ slug: item.slug }}
            className={styles.title}
            onClick={closeCart}
          >
            {title}
          </Link>
        ) : (
          <span className={styles.title}>{title}</span>
        )}
        {item.variant_title && <span className={styles.soft}>{item.variant_title}</span>}
        {item.unit_price && item.quantity > 1 && (
          <span className={styles.soft}>{texts.each(money(item.unit_price))}</span>
        )}
        {!item.purchasable && (
          <span className={styles.wrong}>
            {item.unit_price && item.available ? texts.onlyLeft(item.available) : texts.unavailable}
          </span>
        )}
      </div>
      <span className={styles.total}>{item.total && money(item.total)}</span>
      <div className={styles.tools}>
        {item.unit_price && most(item) > 0 && (
          <Stepper
            value={item.quantity}
            max={most(item)}
            label={texts.quantityOf(title)}
            onChange={onQuantity}
          />
        )}
        <button type="button" className={styles.remove} onClick={onRemove}>
          <Icon name="trash" size={18} />
          <span>{texts.remove(title)}</span>
        </button>
      </div>
    </li>
  );
}
