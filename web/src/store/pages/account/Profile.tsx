import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { api, ok } from '../../../api/client';
import * as session from '../../../api/session';
import { useUser } from '../../../api/useUser';
import { languages } from '../../../texts';
import { useChecks } from '../../account/checks';
import { PasswordField } from '../../account/PasswordField';
import { isPhone } from '../../address/fields';
import { Summary } from '../../forms/Summary';
import { useForm } from '../../forms/useForm';
import { Button } from '../../parts/Button';
import { SelectField, TextField } from '../../parts/Field';
import { Note } from '../../parts/Note';
import { useInWords, useSaid } from '../../problems';
import { useTexts } from '../../texts';
import styles from '../Auth.module.css';

/** Name and ways to reach the user. */
export function Profile() {
  const user = useUser();
  return user && <Write user={user} />;
}

function Write({ user }: { user: session.User }) {
  const { account: texts, auth, form: formTexts } = useTexts();
  const checks = useChecks();
  const [saved, setSaved] = useState(false);
  const isOther = (email: string) => email.trim().toLowerCase() !== user.email;
  const isNew = (phone: string) => phone.trim() !== '' && phone.trim() !== user.phone;
  const form = useForm({
    initial: {
      name: user.name,
      email: user.email,
      phone: user.phone ?? '',
      username: user.username ?? '',
      language: user.language ?? '',
      current_password: '',
    },
    check: ({ name, email, phone, username, current_password }) =>
      checks.only({
        name: checks.given(name),
        email: checks.email(email),
        phone: isNew(phone) && !isPhone(phone) ? formTexts.phone : undefined,
        username:
          username.trim() && !/^[a-z0-9_.-]{3,50}$/i.test(username.trim())
            ? formTexts.username
            : undefined,
        current_password: isOther(email) ? checks.given(current_password) : undefined,
      }),
    submit: async ({ name, email, phone, username, language, current_password }) => {
      setSaved(false);
      const changed = await ok(
        api.PATCH('/api/v1/users/me', {
          body: {
            name: name.trim(),
            // One that was kept in another form stays as it is.
            ...(isNew(phone) || !phone.trim() ? { phone: phone.trim() || null } : {}),
            username: username.trim() || null,
            language: language || null,
            ...(isOther(email) ? { email: email.trim(), current_password } : {}),
          },
        }),
      );
      session.update(changed);
      form.set({ current_password: '', email: changed.email });
      setSaved(true);
    },
    inWords: useInWords(),
  });
  // It is also changed with the language of the pages, below this form.
  const set = useRef(form.set);
  set.current = form.set;
  useEffect(() => set.current({ language: user.language ?? '' }), [user.language]);
  return (
    <form className={styles.form} noValidate onSubmit={form.onSubmit}>
      <Summary form={form} />
      {saved && (
        <Note kind="good" role="status">
          {texts.saved}
        </Note>
      )}
      <TextField
        {...form.bind('name')}
        label={auth.name}
        required
        maxLength={200}
        autoComplete="name"
      />
      <TextField
        {...form.bind('email')}
        label={auth.email}
        type="email"
        required
        maxLength={254}
        autoComplete="email"
      />
      {isOther(form.values.email) ? (
        <PasswordField field={form.bind('current_password')} label={texts.passwordForEmail} />
      ) : (
        <Verification user={user} />
      )}
      <TextField
        {...form.bind('phone')}
        label={texts.phone}
        note={formTexts.optional}
        type="tel"
        maxLength={32}
        autoComplete="tel"
      />
      <TextField
        {...form.bind('username')}
        label={texts.username}
        hint={texts.usernameHint}
        note={formTexts.optional}
        maxLength={50}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
      />
      <SelectField {...form.bind('language')} label={texts.language} hint={texts.languageHint}>
        {choices(user.language).map((it) => (
          <option key={it} value={it} lang={it}>
            {nameOf(it)}
          </option>
        ))}
        {!user.language && <option value="">{texts.shopsLanguage}</option>}
      </SelectField>
      <div>
        <Button type="submit" busy={form.busy}>
          {texts.save}
        </Button>
      </div>
    </form>
  );
}

/** The languages there are, and the user's own where that is none of them. */
function choices(own: string | null | undefined): string[] {
  const known = Object.keys(languages);
  return own && !known.includes(own) ? [...known, own] : known;
}

/** What a language calls itself. */
function nameOf(language: string): string {
  const known: Record<string, string> = languages;
  return (
    known[language] ??
    new Intl.DisplayNames(language, { type: 'language' }).of(language) ??
    language
  );
}

/** Whether the address is known to be read by the user; if not, another mail. */
function Verification({ user }: { user: session.User }) {
  const { account: texts } = useTexts();
  const said = useSaid();
  const sending = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/auth/email/verify/resend')),
  });
  if (user.email_verified) return <p className={styles.soft}>{texts.verified}</p>;
  if (sending.isSuccess)
    return (
      <Note kind="good" role="status">
        {texts.verificationSent(user.email)}
      </Note>
    );
  return (
    <Note kind={sending.error ? 'bad' : 'warn'}>
      {sending.error ? said(sending.error) : texts.notVerified}
      <div>
        <Button look="outline" busy={sending.isPending} onClick={() => sending.mutate()}>
          {texts.sendVerification}
        </Button>
      </div>
    </Note>
  );
}
