/** Whether the cart is shown beside the page. Whoever puts something into it may open it. */

import { useSyncExternalStore } from 'react';

let open = false;
const listeners = new Set<() => void>();

export function openCart() {
  set(true);
}

export function closeCart() {
  set(false);
}

export function useCartOpen(): boolean {
  return useSyncExternalStore(subscribe, () => open);
}

function set(to: boolean) {
  if (open === to) return;
  open = to;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
