/** Says something to those who do not see the page change; the shell has the place it is read from. */

import { useSyncExternalStore } from 'react';

/** Milliseconds within which one thing that is said does not drown the one before. */
const BREATH = 700;

let said = '';
let at = 0;
const listeners = new Set<() => void>();

export function announce(text: string) {
  const now = performance.now();
  const goesOn = said !== '' && said !== text && now - at < BREATH;
  // The same words twice would not be read twice; a space that nobody hears makes them others.
  if (goesOn) said = `${said}. ${text}`;
  else said = text === said ? `${text}\u00a0` : text;
  at = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAnnounced(): string {
  return useSyncExternalStore(subscribe, () => said);
}
