import type { Texts } from './en';

export const de: Texts = {
  shell: {
    skip: 'Zum Inhalt',
    menu: 'Menü',
    search: 'Suchen',
    searchLabel: 'Produkte suchen',
    suggested: 'Vorschläge',
    suggestions: (count) => (count === 1 ? '1 Vorschlag' : `${count} Vorschläge`),
    category: 'Kategorie',
    account: 'Konto',
    login: 'Anmelden',
    admin: 'Verwaltung',
    own: 'Ihr Konto',
    orders: 'Bestellungen',
    cart: (items) => `Warenkorb, ${items} Artikel`,
    cartShort: 'Warenkorb',
    preferences: 'Einstellungen',
    language: 'Sprache',
    theme: { light: 'Helle Farben', dark: 'Dunkle Farben' },
    categories: 'Kategorien',
    claim: 'Dinge, die lange halten, zu Preisen, die alles sagen.',
  },
  parts: {
    close: 'Schließen',
    now: 'Jetzt',
    before: 'Vorher',
    from: (price) => `ab ${price}`,
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
