import { Outlet, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { useTexts } from '../texts';
import { Announcer } from './Announcer';
import { CartDrawer } from './CartDrawer';
import { Footer } from './Footer';
import { Header } from './Header';
import styles from './Shell.module.css';

/** What every page of the storefront has around it. */
export function Shell() {
  const { shell } = useTexts();
  const main = useRef<HTMLElement>(null);
  useFocusOnNewPage(main);
  return (
    <>
      <a className={styles.skip} href="#content">
        {shell.skip}
      </a>
      <Header />
      <main ref={main} id="content" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
      <Footer />
      <Announcer />
      <CartDrawer />
    </>
  );
}

/** Whoever goes to another page by keyboard goes on at its beginning. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>) {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe('onResolved', ({ fromLocation, pathChanged }) => {
        if (fromLocation && pathChanged) main.current?.focus({ preventScroll: true });
      }),
    [router, main],
  );
}
