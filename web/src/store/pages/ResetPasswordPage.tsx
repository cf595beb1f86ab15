import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../api/client';
import * as session from '../../api/session';
import { CodeField } from '../account/CodeField';
import { useChecks } from '../account/checks';
import { PasswordField } from '../account/PasswordField';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button, ButtonLink } from '../parts/Button';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

const route = getRouteApi('/reset-password');

/** Where the mail about a forgotten password leads to. */
export function ResetPasswordPage() {
  const { auth: texts } = useTexts();
  const { token } = route.useSearch();
  const checks = useChecks();
  const [done, setDone] = useState(false);
  const form = useForm({
    initial: { token: token ?? '', password: '' },
    check: ({ token, password }) =>
      checks.only({ token: checks.given(token), password: checks.newPassword(password) }),
    submit: async ({ token, password }) => {
      await ok(
        api.POST('/api/v1/auth/password/reset', { body: { token: token.trim(), password } }),
      );
      // It has ended every session.
      session.forget();
      setDone(true);
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.resetTitle} narrow>
      {done ? (
        <>
          <Note kind="good" role="status">
            {texts.resetDone}
          </Note>
          <ButtonLink to="/login">{texts.signIn}</ButtonLink>
        </>
      ) : (
        <form className={styles.form} noValidate onSubmit={form.onSubmit}>
          <Summary form={form} />
          {!token && <CodeField field={form.bind('token')} />}
          <PasswordField field={form.bind('password')} label={texts.newPassword} fresh />
          <Button type="submit" busy={form.busy}>
            {texts.savePassword}
          </Button>
          <Link to="/forgot-password">{texts.requestNewLink}</Link>
        </form>
      )}
    </Page>
  );
}
