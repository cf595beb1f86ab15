import { Outlet } from '@tanstack/react-router';

import { useTexts } from '../texts';
import { CartDrawer } from './CartDrawer';
import { Header } from './Header';
import styles from './Shell.module.css';

/** What every page of the storefront has around it. */
export function Shell() {
  const { shell } = useTexts();
  return (
    <>
      <a className={styles.skip} href="#content">
        {shell.skip}
      </a>
      <Header />
      <main id="content" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
      <CartDrawer />
    </>
  );
}
