import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useId, useState } from 'react';

import { useFormats } from '../../format';
import { announce } from '../announce';
import { Button } from '../parts/Button';
import { FailedPart } from '../parts/FailedPart';
import { SelectField } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { Rating } from '../parts/Rating';
import { Skeleton } from '../parts/Skeleton';
import type { Product } from '../products';
import { useTexts } from '../texts';
import { Distribution } from './Distribution';
import styles from './Reviews.module.css';
import { type Review, type ReviewSort, reviewSorts, reviewsOf } from './reviewQueries';
import { WriteReview } from './WriteReview';

/** What others think of it, and the place to say what one thinks oneself. */
export function Reviews({ product }: { product: Product }) {
  const { reviews: texts } = useTexts();
  const id = useId();
  const [sort, setSort] = useState<ReviewSort>('newest');
  const [stars, setStars] = useState<number>();
  const query = useInfiniteQuery(reviewsOf(product.id, sort, stars));
  const pages = query.data?.pages;
  const summary = pages?.[0]?.summary;
  const items = pages?.flatMap((page) => page.items);
  const count = items?.length;
  const old = query.isPlaceholderData;

  useEffect(() => {
    if (stars !== undefined && count !== undefined && !old) announce(texts.showing(count));
  }, [stars, count, old, texts]);

  return (
    <section id="reviews" className={styles.reviews} aria-labelledby={id}>
      <h2 id={id}>{texts.title}</h2>
      <div className={styles.columns}>
        <div className={styles.side}>
          {summary ? (
            <Distribution summary={summary} chosen={stars} onChoose={setStars} />
          ) : (
            <Skeleton height="12rem" />
          )}
          <WriteReview product={product} />
        </div>
        <div className={styles.list}>
          {query.isError && <FailedPart query={query} />}
          {query.isPending && <Skeleton height="12rem" />}
          {summary?.count === 0 && <p className={styles.none}>{texts.none}</p>}
          {summary !== undefined && summary.count > 0 && (
            <SelectField
              className={styles.sort}
              label={texts.sort}
              value={sort}
              onChange={(event) => setSort(event.target.value as ReviewSort)}
            >
              {reviewSorts.map((it) => (
                <option key={it} value={it}>
                  {texts.sorts[it]}
                </option>
              ))}
            </SelectField>
          )}
          <ul aria-busy={old}>
            {items?.map((it) => (
              <li key={it.id}>
                <One review={it} />
              </li>
            ))}
          </ul>
          {query.hasNextPage && (
            <Button
              look="outline"
              busy={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage().then(() => announce(texts.moreLoaded))}
            >
              {texts.showMore}
            </Button>
          )}
        </div>
      </div>
    </section>
  );
}

function One({ review }: { review: Review }) {
  const { reviews: texts } = useTexts();
  const { date } = useFormats();
  return (
    <article className={styles.review}>
      <Rating average={review.rating} />
      {review.title && <h3>{review.title}</h3>}
      <p className={styles.body}>{review.body}</p>
      <p className={styles.by}>
        <span>{review.author}</span>
        <time dateTime={review.created_at}>{date(review.created_at)}</time>
        {review.verified_purchase && (
          <span className={styles.verified}>
            <Icon name="check" size={16} />
            {texts.verified}
          </span>
        )}
      </p>
    </article>
  );
}
