import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { shop } from '../../shop';
import { useCategories } from '../categories';
import { ButtonLink } from '../parts/Button';
import { Picture } from '../parts/Picture';
import { ProductRow } from '../parts/ProductRow';
import { Skeleton } from '../parts/Skeleton';
import { exampleOf, newestProducts, type Product, popularProducts } from '../products';
import { useTexts } from '../texts';
import { useTitle } from '../useTitle';
import styles from './Home.module.css';

export function Home() {
  const { home } = useTexts();
  const popular = useQuery(popularProducts);
  const newest = useQuery(newestProducts);
  useTitle(shop.name);
  return (
    <>
      <Hero
        products={popular.isError ? [] : popular.data?.items.filter((it) => it.images.length > 0)}
      />
      <Categories />
      <ProductRow
        title={home.popularTitle}
        products={popular}
        more={
          <Link to="/search" search={{ sort: 'popular' }}>
            {home.viewAllPopular}
          </Link>
        }
      />
      <ProductRow
        title={home.newestTitle}
        products={newest}
        more={
          <Link to="/search" search={{ sort: 'newest' }}>
            {home.viewAllNew}
          </Link>
        }
      />
    </>
  );
}

function Hero({ products }: { products: Product[] | undefined }) {
  const { home } = useTexts();
  const places = products?.slice(0, 3) ?? [null, null, null];
  return (
    <section className={styles.hero}>
      <div className={styles.words}>
        <h1 className={styles.title}>{home.title}</h1>
        <p className={styles.text}>{home.text}</p>
        <div className={styles.ways}>
          <ButtonLink to="/search" search={{ sort: 'popular' }}>
            {home.popular}
          </ButtonLink>
          <ButtonLink to="/search" search={{ sort: 'newest' }} look="outline">
            {home.newest}
          </ButtonLink>
        </div>
      </div>
      {places.length === 3 && (
        <div className={styles.pictures}>
          {places.map((it, index) =>
            it ? (
              <Link
                key={it.id}
                to="/products/$slug"
                params={{ slug: it.slug }}
                className={styles.shown}
                aria-label={it.title}
              >
                <Picture
                  url={it.images[0]?.url}
                  sizes={
                    index === 0
                      ? '(min-width: 60rem) 26rem, 60vw'
                      : '(min-width: 60rem) 13rem, 30vw'
                  }
                  seen
                  first={index === 0}
                />
              </Link>
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: places have nothing else
              <span key={index} className={styles.shown}>
                <Skeleton square />
              </span>
            ),
          )}
        </div>
      )}
    </section>
  );
}

function Categories() {
  const { home } = useTexts();
  const categories = useCategories();
  if (categories?.length === 0) return null;
  return (
    <section aria-labelledby="categories" className={styles.section}>
      <h2 id="categories">{home.categories}</h2>
      <ul className={styles.tiles}>
        {categories
          ? categories.map((it) => (
              <li key={it.id}>
                <Link to="/categories/$slug" params={{ slug: it.slug }} className={styles.tile}>
                  <CategoryPicture slug={it.slug} />
                  {it.name}
                </Link>
              </li>
            ))
          : Array.from('12345', (place) => (
              <li key={place} className={styles.tile}>
                <Skeleton square />
                <Skeleton width="60%" />
              </li>
            ))}
      </ul>
    </section>
  );
}

/** A category has no picture of its own; that of what sells best in it stands for it. */
function CategoryPicture({ slug }: { slug: string }) {
  const { data } = useQuery(exampleOf(slug));
  return (
    <Picture
      url={data?.items[0]?.images[0]?.url}
      sizes="(min-width: 60rem) 15rem, 40vw"
      className={styles.picture}
    />
  );
}
