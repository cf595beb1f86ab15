import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';

import type { Product } from '../products';
import { FailedPart } from './FailedPart';
import { ProductGrid } from './ProductGrid';
import styles from './ProductRow.module.css';

type Props = {
  title: string;
  /** Leads to more of them. */
  more?: ReactNode;
  products: UseQueryResult<{ items: Product[] }>;
  places?: number;
};

/** Some products under a heading; nothing at all if there are none. */
export function ProductRow({ title, more, products, places = 8 }: Props) {
  const id = useId();
  if (products.data?.items.length === 0) return null;
  return (
    <section aria-labelledby={id} className={styles.section}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        {more}
      </header>
      {products.isError ? (
        <FailedPart query={products} />
      ) : (
        <ProductGrid products={products.data?.items} places={places} />
      )}
    </section>
  );
}
