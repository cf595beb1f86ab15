import { Icon } from '../parts/Icon';
import type { Variant } from '../products';
import { useTexts } from '../texts';
import styles from './Stock.module.css';

/** From here on it is told how many are left. */
const FEW = 5;

/** Whether the variant can be bought, and whether one should hurry. */
export function Stock({ variant: { available } }: { variant: Variant }) {
  const { product: texts } = useTexts();
  const kind = available == null || available > FEW ? 'good' : available > 0 ? 'few' : 'gone';
  return (
    <p className={styles.stock} data-kind={kind}>
      <Icon name={kind === 'gone' ? 'close' : kind === 'few' ? 'alert' : 'check'} size={18} />
      {kind === 'good'
        ? texts.inStock
        : kind === 'few'
          ? texts.onlyLeft(available ?? 0)
          : texts.outOfStock}
    </p>
  );
}
