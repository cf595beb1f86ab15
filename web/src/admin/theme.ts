/** What the component library looks like here: the storefront's brand and type. */

import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
  NavLink,
} from '@mantine/core';

const brand: MantineColorsTuple = [
  '#e8f4f0',
  '#d3e6df',
  '#a3cebe',
  '#70b49c',
  '#489f7f',
  '#2f926d',
  '#1f8c64',
  '#0f7a55',
  '#0f5a4b',
  '#0a4438',
];

const red: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#ff6b6b',
  '#f03e3e',
  '#e03131',
  '#c92a2a',
  '#a61e1e',
];

export const theme = createTheme({
  primaryColor: 'brand',
  // White can be read on both.
  primaryShade: { light: 8, dark: 7 },
  colors: { brand, red },
  fontFamily: "'Figtree', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  defaultRadius: 'md',
  components: {
    NavLink: NavLink.extend({ styles: { root: { borderRadius: 'var(--mantine-radius-md)' } } }),
  },
});

/** Soft and wrong text as the storefront has it: the library's own is too faint to read. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#575c5a',
    '--mantine-color-placeholder': '#6b706d',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-teal-light-color': '#066045',
    '--mantine-color-orange-light-color': '#a13a08',
  },
  dark: {
    '--mantine-color-dimmed': '#b0b6b3',
    '--mantine-color-placeholder': '#9aa19d',
    '--mantine-color-error': '#ff8a80',
  },
});

/** The same choice as in the storefront; see `public/theme.js`. */
export const colorScheme = localStorageColorSchemeManager({ key: 'cartwright.theme' });
