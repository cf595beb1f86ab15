import { Link } from '@tanstack/react-router';

import { useFormats } from '../../format';
import type { Product } from '../products';
import { useTexts } from '../texts';
import { Picture } from './Picture';
import { Price } from './Price';
import styles from './ProductCard.module.css';
import { Rating } from './Rating';
import { Skeleton } from './Skeleton';

type Props = {
  product: Product;
  /** Seen without scrolling. */
  seen?: boolean;
  /** The first of those. */
  first?: boolean;
};

/** A product in a list; the whole card is its link. */
export function ProductCard({ product, seen, first }: Props) {
  const { parts } = useTexts();
  const { percent } = useFormats();
  const { price, compare_at_price: before, images, variants } = product;
  const image = images[0];
  const saved = before && before.amount > price.amount ? 1 - price.amount / before.amount : 0;
  return (
    <article className={styles.card}>
      <div className={styles.frame}>
        <Picture
          url={image?.url}
          sizes="(min-width: 60rem) 20rem, 45vw"
          seen={seen}
          first={first}
          className={styles.picture}
        />
        {!product.in_stock ? (
          <span className={styles.badge}>{parts.outOfStock}</span>
        ) : (
          saved >= 0.01 && (
            <span className={`${styles.badge} ${styles.deal}`}>
              {parts.saved(percent(Math.round(saved * 100) / 100))}
            </span>
          )
        )}
      </div>
      <h3 className={styles.title}>
        <Link to="/products/$slug" params={{ slug: product.slug }} className={styles.link}>
          {product.title}
        </Link>
      </h3>
      {product.vendor && <p className={styles.vendor}>{product.vendor}</p>}
      <p className={styles.price}>
        <Price
          price={price}
          before={before}
          from={variants.some((it) => it.price.amount > price.amount)}
        />
      </p>
      <Rating average={product.rating.average} count={product.rating.count} />
    </article>
  );
}

/** As tall as a card. */
export function CardSkeleton() {
  return (
    <div className={styles.card}>
      <Skeleton square />
      <span className={styles.title}>
        <Skeleton width="80%" />
      </span>
      <span className={styles.vendor}>
        <Skeleton width="45%" />
      </span>
      <span className={styles.price}>
        <Skeleton width="30%" />
      </span>
    </div>
  );
}
