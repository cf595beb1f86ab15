import { api, ok } from '../../api/client';
import * as session from '../../api/session';
import { type Language, useLanguage } from '../../texts';

/** Chooses the language of the pages; mails to who is logged in are written in it from then on. */
export function useChooseLanguage() {
  const { choose } = useLanguage();
  return (language: Language) => {
    choose(language);
    // The page is in that language already, whatever becomes of the mails.
    void writeIn(language).catch(() => {});
  };
}

async function writeIn(language: Language) {
  if (!(await session.token()) || session.user()?.language === language) return;
  session.update(await ok(api.PATCH('/api/v1/users/me', { body: { language } })));
}
