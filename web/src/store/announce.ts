/** Says something to those who do not see the page change; the shell has the place it is read from. */

import { useSyncExternalStore } from 'react';

/** Milliseconds within which one thing that is said does not drown the one before. */
const BREATH = 700;

/** What is being said in one breath. */
let now: string[] = [];
let said = '';
let at = 0;
const listeners = new Set<() => void>();

export function announce(text: string) {
  if (performance.now() - at > BREATH) now = [];
  if (now.includes(text)) return;
  now.push(text);
  at = performance.now();
  const all = now.join('. ');
  // The same words twice would not be read twice; a space that nobody hears makes them others.
  said = all === said ? `${all}\u00a0` : all;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAnnounced(): string {
  return useSyncExternalStore(subscribe, () => said);
}
