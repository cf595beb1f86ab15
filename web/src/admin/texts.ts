import type { Language } from '../texts';
import { useCurrentTexts } from '../texts';
import type { Texts } from './texts/en';

export type { Texts };

/** The admin's texts in a language; each language is loaded only where it is read. */
export async function load(language: Language): Promise<Texts> {
  switch (language) {
    case 'de':
      return (await import('./texts/de')).de;
    case 'en':
      return (await import('./texts/en')).en;
  }
}

export const useTexts = useCurrentTexts<Texts>;
