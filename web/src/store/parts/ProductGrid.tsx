import type { Product } from '../products';
import { CardSkeleton, ProductCard } from './ProductCard';
import styles from './ProductGrid.module.css';

type Props = {
  /** Undefined while they are on their way. */
  products: Product[] | undefined;
  /** How many places to keep meanwhile. */
  places?: number;
  /** How many of them are seen without scrolling. */
  seen?: number;
};

export function ProductGrid({ products, places = 8, seen = 0 }: Props) {
  if (!products) {
    return (
      <div className={styles.grid} aria-busy="true">
        {Array.from({ length: places }, (_, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: places have nothing else
          <CardSkeleton key={place} />
        ))}
      </div>
    );
  }
  return (
    <ul className={styles.grid}>
      {products.map((it, index) => (
        <li key={it.id}>
          <ProductCard product={it} seen={index < seen} first={seen > 0 && index === 0} />
        </li>
      ))}
    </ul>
  );
}
