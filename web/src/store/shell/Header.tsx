import { Link } from '@tanstack/react-router';

import { shop } from '../../shop';
import { useCart } from '../cart';
import { useTexts } from '../texts';
import styles from './Header.module.css';

export function Header() {
  const { shell } = useTexts();
  const cart = useCart();
  return (
    <header className={styles.header}>
      <Link to="/" className={styles.name}>
        {shop.name}
      </Link>
      <span>{shell.cart(cart.data?.item_count ?? 0)}</span>
    </header>
  );
}
