import type { Texts } from './en';

export const de: Texts = {
  shell: {
    products: 'Produkte',
    dashboard: 'Übersicht',
  },
};
