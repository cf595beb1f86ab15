import { getRouteApi, Link } from '@tanstack/react-router';

import { api, ok } from '../../api/client';
import { useChecks } from '../account/checks';
import { useEnter } from '../account/enter';
import { ownPath } from '../account/own';
import { PasswordField } from '../account/PasswordField';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button } from '../parts/Button';
import { TextField } from '../parts/Field';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

const route = getRouteApi('/login');

export function LoginPage() {
  const { auth: texts, findOrder } = useTexts();
  const { next } = route.useSearch();
  const checks = useChecks();
  const enter = useEnter();
  const form = useForm({
    initial: { username: '', password: '' },
    check: ({ username, password }) =>
      checks.only({ username: checks.given(username), password: checks.given(password) }),
    submit: async ({ username, password }) => {
      const body = { username: username.trim(), password, session: 'cookie' as const };
      await enter(await ok(api.POST('/api/v1/auth/login', { body })), ownPath(next));
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.signIn} narrow>
      <form className={styles.form} noValidate onSubmit={form.onSubmit}>
        <Summary form={form} />
        <TextField
          {...form.bind('username')}
          label={texts.emailOrUsername}
          required
          maxLength={254}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
        />
        <PasswordField field={form.bind('password')} label={texts.password} />
        <Button type="submit" busy={form.busy}>
          {texts.signIn}
        </Button>
        <Link to="/forgot-password">{texts.forgot}</Link>
      </form>
      <p className={styles.other}>
        {texts.noAccount}{' '}
        <Link to="/register" search={next ? { next } : {}}>
          {texts.register}
        </Link>
      </p>
      <p>
        {texts.orderedAsGuest} <Link to="/find-order">{findOrder.title}</Link>
      </p>
    </Page>
  );
}
