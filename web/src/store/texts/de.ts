import type { Texts } from './en';

export const de: Texts = {
  shell: {
    skip: 'Zum Inhalt',
    menu: 'Menü',
    search: 'Suchen',
    searchLabel: 'Produkte suchen',
    account: 'Konto',
    login: 'Anmelden',
    cart: (items) => (items === 1 ? 'Warenkorb, 1 Artikel' : `Warenkorb, ${items} Artikel`),
    language: 'Sprache',
    theme: { light: 'Helle Farben', dark: 'Dunkle Farben' },
    categories: 'Kategorien',
  },
  failed: {
    title: 'Das hat nicht geklappt',
    unreachable:
      'Der Shop antwortet gerade nicht. Es ist nichts verloren; bitte noch einmal versuchen.',
    again: 'Noch einmal',
  },
  missing: {
    title: 'Diese Seite gibt es nicht',
    text: 'Die Adresse ist vielleicht vertippt, oder was hier war, ist weg.',
    home: 'Zur Startseite',
  },
  loading: 'Wird geladen',
};
