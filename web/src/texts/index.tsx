/**
 * Every sentence of the pages, in one place per language. A text is a string or a function of what
 * it speaks of; both languages have the same keys because German is typed after English.
 */

import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

const KEPT = 'cartwright.language';

function known(tag: string | null | undefined): Language | undefined {
  const language = tag?.slice(0, 2).toLowerCase();
  return language && language in languages ? (language as Language) : undefined;
}

/** The language chosen here before, else the first of the browser's that there is. */
export function preferred(): Language {
  return known(localStorage.getItem(KEPT)) ?? navigator.languages.map(known).find(Boolean) ?? 'en';
}

type Choice = { language: Language; locale: string; choose: (language: Language) => void };

const Current = createContext<Choice & { texts: unknown }>({
  language: 'en',
  locale: 'en',
  choose: () => {},
  texts: null,
});

type Props<T> = {
  first: { language: Language; texts: T };
  load: (language: Language) => Promise<T>;
  children: ReactNode;
};

/** Gives what is below it texts in the chosen language. */
export function TextsProvider<T>({ first, load, children }: Props<T>) {
  const [now, setNow] = useState(first);
  useEffect(() => {
    document.documentElement.lang = now.language;
  }, [now.language]);
  const choose = (language: Language) => {
    localStorage.setItem(KEPT, language);
    void load(language).then((texts) => setNow({ language, texts }));
  };
  // Dates and numbers as the browser's user writes them, where that is in the chosen language.
  const locale = navigator.languages.find((it) => known(it) === now.language) ?? now.language;
  return <Current value={{ ...now, locale, choose }}>{children}</Current>;
}

export function useLanguage(): Choice {
  return useContext(Current);
}

/** The texts, typed by whoever provides them; see `store/texts.ts` and `admin/texts.ts`. */
export function useCurrentTexts<T>(): T {
  return useContext(Current).texts as T;
}
