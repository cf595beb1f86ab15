/** Light or dark: what the system says, unless the reader has chosen. See `public/theme.js`. */

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
}
