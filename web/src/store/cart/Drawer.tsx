import { useEffect, useRef } from 'react';

import { closeCart, useCartOpen } from '../cartDrawer';

/** The cart beside the page. */
export function Drawer() {
  const open = useCartOpen();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return <dialog ref={dialog} onClose={closeCart} />;
}
