import { useEffect, useRef, useState } from 'react';

import { announce } from '../announce';
import { useAddToCart } from '../cart';
import { openCart } from '../cartDrawer';
import { Button } from '../parts/Button';
import { Icon } from '../parts/Icon';
import { Note } from '../parts/Note';
import { Price } from '../parts/Price';
import { Stepper } from '../parts/Stepper';
import { useSaid } from '../problems';
import type { Product, Variant } from '../products';
import { useTexts } from '../texts';
import styles from './Buy.module.css';
import { canBuy } from './choice';

/** What a cart takes of one SKU. */
const MOST = 999;

/** How many, and into the cart. On phones a bar at the bottom has the button too, once this one is gone. */
export function Buy({ product, variant }: { product: Product; variant: Variant }) {
  const { product: texts } = useTexts();
  const said = useSaid();
  const add = useAddToCart();
  const [wanted, setWanted] = useState(1);
  const place = useRef<HTMLDivElement>(null);
  const passed = usePassed(place);
  const there = canBuy(variant);
  const most = Math.max(1, Math.min(variant.available ?? MOST, MOST));
  const quantity = Math.min(wanted, most);

  const put = () => {
    if (!there) return;
    add.mutate(
      { sku: variant.sku, quantity },
      {
        onSuccess: () => {
          announce(texts.added(product.title));
          openCart();
        },
      },
    );
  };
  const button = (
    <Button
      className={styles.button}
      busy={add.isPending}
      aria-disabled={!there || undefined}
      onClick={put}
    >
      <Icon name="bag" />
      {there ? texts.addToCart : texts.outOfStock}
    </Button>
  );
  return (
    <>
      <div ref={place} className={styles.buy}>
        {there && (
          <Stepper value={quantity} onChange={setWanted} label={texts.quantity} max={most} />
        )}
        {button}
      </div>
      {add.isError && <Note kind="bad">{said(add.error)}</Note>}
      {passed && (
        <div className={styles.bar}>
          <span className={styles.what}>
            <span className={styles.title}>{product.title}</span>
            <Price price={variant.price} before={variant.compare_at_price} />
          </span>
          {button}
        </div>
      )}
    </>
  );
}

/** Whether one has scrolled beyond it. */
function usePassed(place: React.RefObject<HTMLElement | null>): boolean {
  const [passed, setPassed] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    // All that is below counts as seen: what is not seen, then, is above.
    const watch = new IntersectionObserver(([it]) => it && setPassed(!it.isIntersecting), {
      rootMargin: '0px 0px 100000px 0px',
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [place]);
  return passed;
}
