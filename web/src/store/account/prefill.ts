/**
 * Who somebody is going to register as: a guest who has just ordered need not write it again. It is
 * kept in this tab alone, as the register page is gone to by loading it, and addresses of pages hold
 * nothing personal.
 */

const KEPT = 'cartwright.register';

export type Prefill = { name: string; email: string };

export function keepPrefill(prefill: Prefill, storage: Storage = sessionStorage) {
  storage.setItem(KEPT, JSON.stringify(prefill));
}

/** Empty where nobody has ordered before. */
export function prefill(storage: Storage = sessionStorage): Prefill {
  const kept = storage.getItem(KEPT);
  return kept ? (JSON.parse(kept) as Prefill) : { name: '', email: '' };
}

export function forgetPrefill(storage: Storage = sessionStorage) {
  storage.removeItem(KEPT);
}
