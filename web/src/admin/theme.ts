/** What the component library looks like here: the storefront's brand and type. */

import {
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
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

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  colors: { brand },
  fontFamily: "'Figtree', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  defaultRadius: 'md',
});

/** The same choice as in the storefront; see `public/theme.js`. */
export const colorScheme = localStorageColorSchemeManager({ key: 'cartwright.theme' });
