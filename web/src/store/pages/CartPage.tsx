import { useFormats } from '../../format';
import { type Cart, useCart } from '../cart';
import { Lines, LinesSkeleton } from '../cart/Lines';
import { Button, ButtonLink } from '../parts/Button';
import { Page } from '../parts/Page';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import styles from './CartPage.module.css';

export function CartPage() {
  const { cart: texts } = useTexts();
  const { data: cart, error, isPending } = useCart();
  if (error) throw error;
  return (
    <Page title={texts.title}>
      {isPending ? (
        <div className={styles.columns}>
          <LinesSkeleton />
          <Skeleton height="14rem" />
        </div>
      ) : cart && (cart.items.length > 0 || cart.version > 0) ? (
        <Filled cart={cart} />
      ) : (
        <Empty />
      )}
    </Page>
  );
}

function Filled({ cart }: { cart: Cart }) {
  const { cart: texts } = useTexts();
  const { money } = useFormats();
  const buyable = cart.items.length > 0 && cart.items.every((it) => it.purchasable);
  return (
    <div className={styles.columns}>
      <Lines cart={cart} />
      <section className={styles.summary} aria-label={texts.summary}>
        <p className={styles.subtotal}>
          <span>{texts.subtotal}</span>
          <strong aria-live="polite">{money(cart.subtotal)}</strong>
        </p>
        <p className={styles.soft}>{texts.shippingAtCheckout}</p>
        {buyable ? (
          <ButtonLink to="/checkout">{texts.checkOut}</ButtonLink>
        ) : (
          <>
            <Button aria-disabled aria-describedby="mend">
              {texts.checkOut}
            </Button>
            <p id="mend" className={styles.soft}>
              {cart.items.length > 0 ? texts.itemsUnavailable : texts.addItemFirst}
            </p>
          </>
        )}
        <ButtonLink to="/" look="outline">
          {texts.continueShopping}
        </ButtonLink>
      </section>
    </div>
  );
}

function Empty() {
  const { cart: texts } = useTexts();
  return (
    <div className={styles.empty}>
      <p>{texts.empty}</p>
      <p className={styles.soft}>{texts.emptyHint}</p>
      <ButtonLink to="/">{texts.continueShopping}</ButtonLink>
    </div>
  );
}
