import { useFormats } from '../../format';
import { useCart } from '../cart';
import { closeCart, useCartOpen } from '../cartDrawer';
import { ButtonLink } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { Note } from '../parts/Note';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import styles from './Drawer.module.css';
import { Lines, LinesSkeleton } from './Lines';

/** The cart beside the page. */
export function Drawer() {
  const { cart: texts, shell } = useTexts();
  const open = useCartOpen();
  const { data: cart, error, isPending } = useCart();
  const said = useSaid();
  const filled = cart && cart.items.length > 0;
  return (
    <Dialog
      open={open}
      onClose={closeCart}
      from="right"
      title={shell.cart(cart?.item_count ?? 0)}
      footer={filled && <Foot />}
    >
      {/* What is read here is what the buyer sees: closed, nothing is seen. */}
      {open && isPending && <LinesSkeleton />}
      {open && error && <Note kind="bad">{said(error)}</Note>}
      {open && cart && <Lines cart={cart} />}
      {open && !isPending && !error && !cart && <p className={styles.empty}>{texts.empty}</p>}
    </Dialog>
  );
}

function Foot() {
  const { cart: texts } = useTexts();
  const { money } = useFormats();
  const { data: cart } = useCart();
  if (!cart) return null;
  return (
    <div className={styles.foot}>
      <p className={styles.subtotal}>
        <span>{texts.subtotal}</span>
        <strong aria-live="polite">{money(cart.subtotal)}</strong>
      </p>
      <p className={styles.soft}>{texts.shippingAtCheckout}</p>
      <ButtonLink to="/checkout" onClick={closeCart}>
        {texts.checkOut}
      </ButtonLink>
      <ButtonLink to="/cart" look="outline" onClick={closeCart}>
        {texts.viewCart}
      </ButtonLink>
    </div>
  );
}
