import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import * as session from '../../api/session';
import { useUser } from '../../api/useUser';
import { shop } from '../../shop';
import { useCart } from '../cart';
import { openCart } from '../cartDrawer';
import { IconButton } from '../parts/Button';
import { Hidden } from '../parts/Hidden';
import { Icon } from '../parts/Icon';
import { useTexts } from '../texts';
import { CategoryBar } from './CategoryBar';
import styles from './Header.module.css';
import { MenuDrawer } from './MenuDrawer';
import { Search } from './Search';
import { useIsStaff } from './useIsStaff';

export function Header() {
  const { shell } = useTexts();
  const [menu, setMenu] = useState(false);
  return (
    <header className={styles.header}>
      <div className={styles.row}>
        <IconButton
          className={styles.menu}
          label={shell.menu}
          aria-haspopup="dialog"
          onClick={() => setMenu(true)}
        >
          <Icon name="menu" size={24} />
        </IconButton>
        <Link to="/" className={styles.name}>
          {shop.name}
        </Link>
        <Search />
        <div className={styles.own}>
          <AccountLink />
          <CartButton />
        </div>
      </div>
      <CategoryBar />
      <MenuDrawer open={menu} onClose={() => setMenu(false)} />
    </header>
  );
}

function AccountLink() {
  const { shell } = useTexts();
  const staff = useIsStaff();
  const known = useUser() !== null || session.expected();
  return (
    <>
      {staff && (
        <a href="/admin" className={`${styles.action} ${styles.wide}`}>
          {shell.admin}
        </a>
      )}
      <Link to={known ? '/account' : '/login'} className={styles.action}>
        <Icon name="person" size={24} />
        <span className={styles.text}>{known ? shell.account : shell.signIn}</span>
      </Link>
    </>
  );
}

function CartButton() {
  const { shell } = useTexts();
  const count = useCart().data?.item_count ?? 0;
  return (
    <button type="button" className={styles.action} aria-haspopup="dialog" onClick={openCart}>
      <Hidden>{shell.cart(count)}</Hidden>
      <span className={styles.bag} aria-hidden="true">
        <Icon name="bag" size={24} />
        {count > 0 && <span className={styles.count}>{count > 99 ? '99+' : count}</span>}
      </span>
      <span className={styles.text} aria-hidden="true">
        {shell.cartLabel}
      </span>
    </button>
  );
}
