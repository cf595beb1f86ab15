import { lazy, Suspense, useEffect, useState } from 'react';

import { useCartOpen } from '../cartDrawer';

const Drawer = lazy(() => import('../cart/Drawer').then((it) => ({ default: it.Drawer })));

/** Loads the cart's drawer when it is opened for the first time. */
export function CartDrawer() {
  const open = useCartOpen();
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (open) setWanted(true);
  }, [open]);
  return wanted ? (
    <Suspense>
      <Drawer />
    </Suspense>
  ) : null;
}
