import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';

import { useFormats } from '../../format';
import { useCategoryPath } from '../categories';
import { Breadcrumbs } from '../parts/Breadcrumbs';
import { Html } from '../parts/Html';
import { Price } from '../parts/Price';
import { ProductRow } from '../parts/ProductRow';
import { Rating } from '../parts/Rating';
import { Buy } from '../product/Buy';
import { variantOf } from '../product/choice';
import { Details } from '../product/Details';
import { Gallery, type Shown } from '../product/Gallery';
import { Reviews } from '../product/Reviews';
import { Stock } from '../product/Stock';
import { VariantChoice } from '../product/VariantChoice';
import { type Product, productBySlug, relatedProducts, type Variant } from '../products';
import { useTexts } from '../texts';
import { useTitle } from '../useTitle';
import styles from './ProductPage.module.css';

const route = getRouteApi('/products/$slug');

export function ProductPage() {
  const { slug } = route.useParams();
  const { data: product } = useSuspenseQuery(productBySlug(slug));
  const { product: texts } = useTexts();
  const related = useQuery(relatedProducts(product.id));
  const path = useCategoryPath(product.categories[0]?.id);
  useTitle(product.title);
  return (
    // Nothing of one product's state is another's.
    <article key={product.id}>
      <Breadcrumbs path={path ?? product.categories.slice(0, 1)} here={product.title} />
      <Main product={product} />
      <Reviews product={product} />
      {!related.isError && <ProductRow title={texts.youMayAlsoLike} products={related} />}
    </article>
  );
}

function Main({ product }: { product: Product }) {
  const { product: texts } = useTexts();
  const { sku } = route.useSearch();
  const navigate = useNavigate();
  const variant = variantOf(product.variants, sku);
  const pictures = picturesOf(product);
  const wanted = pictures.findIndex((it) => it.url === variant?.image);
  return (
    <div className={styles.main}>
      <Gallery pictures={pictures} wanted={Math.max(0, wanted)} title={product.title} />
      <div className={styles.words}>
        <header className={styles.head}>
          {product.vendor && (
            <Link to="/search" search={{ vendor: product.vendor }} className={styles.vendor}>
              {product.vendor}
            </Link>
          )}
          <h1>{product.title}</h1>
          <a href="#reviews" className={styles.rating}>
            {product.rating.count > 0 ? <Rating {...product.rating} size={18} /> : texts.noReviews}
          </a>
        </header>
        {variant && (
          <>
            <Prices variant={variant} />
            {product.options.length > 0 && (
              <VariantChoice
                product={product}
                present={variant}
                onChoose={(it) =>
                  void navigate({
                    to: '.',
                    search: { sku: it.sku },
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
            )}
            <Stock variant={variant} />
            <Buy product={product} variant={variant} />
          </>
        )}
        {product.description && (
          <section className={styles.part}>
            <h2>{texts.description}</h2>
            <Html html={product.description} />
          </section>
        )}
        {variant && (
          <section className={styles.part}>
            <h2>{texts.details}</h2>
            <Details product={product} variant={variant} />
          </section>
        )}
      </div>
    </div>
  );
}

function Prices({ variant: { price, compare_at_price: before } }: { variant: Variant }) {
  const { product: texts } = useTexts();
  const { money, percent } = useFormats();
  const saved = (before?.amount ?? 0) - price.amount;
  return (
    <div className={styles.prices}>
      <Price price={price} before={before} size="large" />
      {before && saved > 0 && (
        <span className={styles.saved}>
          {texts.saved(
            money({ ...price, amount: saved }),
            percent(Math.round((saved / before.amount) * 100) / 100),
          )}
        </span>
      )}
    </div>
  );
}

/** The product's pictures, and those only a variant has. */
function picturesOf({ images, variants }: Product): Shown[] {
  const shown = images.map(({ url, alt }) => ({ url, alt: alt ?? '' }));
  for (const { image, title } of variants) {
    if (image && !shown.some((it) => it.url === image)) shown.push({ url: image, alt: title });
  }
  return shown;
}
