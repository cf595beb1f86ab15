/** What is seen of a page before the page itself has come. */

import styles from './PageSkeleton.module.css';
import { ProductGrid } from './ProductGrid';
import { Skeleton } from './Skeleton';

export function ListSkeleton() {
  return (
    <div className={styles.list} aria-busy="true">
      <Skeleton width="12rem" />
      <Skeleton width="18rem" height="2.5rem" />
      <ProductGrid products={undefined} />
    </div>
  );
}

export function ProductSkeleton() {
  return (
    <div className={styles.product} aria-busy="true">
      <Skeleton square />
      <div className={styles.words}>
        <Skeleton width="6rem" />
        <Skeleton width="80%" height="2.5rem" />
        <Skeleton width="8rem" height="2rem" />
        <Skeleton />
        <Skeleton width="90%" />
        <Skeleton height="3rem" />
      </div>
    </div>
  );
}
