/** Light or dark: what the system says, unless the reader has chosen. See `public/theme.js`. */

import { useSyncExternalStore } from 'react';

const KEPT = 'cartwright.theme';

export type Theme = 'light' | 'dark';

export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function chooseTheme(theme: Theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEPT, theme);
  for (const listener of listeners) listener();
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  listeners.add(listener);
  system.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener('change', listener);
  };
}

/** The present one; renders anew when it changes. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}
