import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../api/client';
import { useChecks } from '../account/checks';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button } from '../parts/Button';
import { TextField } from '../parts/Field';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

export function ForgotPasswordPage() {
  const { auth: texts } = useTexts();
  const checks = useChecks();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const form = useForm({
    initial: { email: '' },
    check: ({ email }) => checks.only({ email: checks.email(email) }),
    submit: async ({ email }) => {
      await ok(api.POST('/api/v1/auth/password/forgot', { body: { email: email.trim() } }));
      setSentTo(email.trim());
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.forgotTitle} narrow>
      {sentTo ? (
        <Note kind="good" role="status">
          {texts.linkSent(sentTo)}
        </Note>
      ) : (
        <form className={styles.form} noValidate onSubmit={form.onSubmit}>
          <p className={styles.soft}>{texts.forgotText}</p>
          <Summary form={form} />
          <TextField
            {...form.bind('email')}
            label={texts.email}
            type="email"
            required
            maxLength={254}
            autoComplete="email"
          />
          <Button type="submit" busy={form.busy}>
            {texts.sendLink}
          </Button>
        </form>
      )}
      <p className={styles.other}>
        <Link to="/login">{texts.backToSignIn}</Link>
      </p>
    </Page>
  );
}
