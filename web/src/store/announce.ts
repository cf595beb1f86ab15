/** Says something to those who do not see the page change; the shell has the place it is read from. */

import { useSyncExternalStore } from 'react';

let said = '';
const listeners = new Set<() => void>();

export function announce(text: string) {
  // The same words twice would not be read twice; a space that nobody hears makes them others.
  said = text === said ? `${text}\u00a0` : text;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAnnounced(): string {
  return useSyncExternalStore(subscribe, () => said);
}
