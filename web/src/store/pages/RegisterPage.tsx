import { getRouteApi, Link } from '@tanstack/react-router';

import { api, ok } from '../../api/client';
import { useLanguage } from '../../texts';
import { useChecks } from '../account/checks';
import { useEnter } from '../account/enter';
import { ownPath } from '../account/own';
import { PasswordField } from '../account/PasswordField';
import { forgetPrefill, prefill } from '../account/prefill';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button } from '../parts/Button';
import { TextField } from '../parts/Field';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

const route = getRouteApi('/register');

export function RegisterPage() {
  const { auth: texts } = useTexts();
  const { next } = route.useSearch();
  const { language } = useLanguage();
  const checks = useChecks();
  const enter = useEnter();
  const form = useForm({
    initial: () => ({ ...prefill(), password: '' }),
    check: ({ name, email, password }) =>
      checks.only({
        name: checks.given(name),
        email: checks.email(email),
        password: checks.newPassword(password),
      }),
    submit: async ({ name, email, password }) => {
      const body = {
        name: name.trim(),
        email: email.trim(),
        password,
        language,
        session: 'cookie' as const,
      };
      const answer = await ok(api.POST('/api/v1/auth/register', { body }));
      forgetPrefill();
      await enter(answer, ownPath(next));
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.register} narrow>
      <p className={styles.soft}>{texts.benefits}</p>
      <form className={styles.form} noValidate onSubmit={form.onSubmit}>
        <Summary form={form} />
        <TextField
          {...form.bind('name')}
          label={texts.name}
          required
          maxLength={200}
          autoComplete="name"
        />
        <TextField
          {...form.bind('email')}
          label={texts.email}
          type="email"
          required
          maxLength={254}
          autoComplete="email"
        />
        <PasswordField field={form.bind('password')} label={texts.password} fresh />
        <Button type="submit" busy={form.busy}>
          {texts.register}
        </Button>
      </form>
      <p className={styles.other}>
        {texts.haveAccount}{' '}
        <Link to="/login" search={next ? { next } : {}}>
          {texts.signIn}
        </Link>
      </p>
    </Page>
  );
}
