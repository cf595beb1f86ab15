/** The way in: for staff only, with a session that scripts cannot read. */

import {
  Alert,
  Anchor,
  Button,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';

import { api, ok } from '../../api/client';
import * as session from '../../api/session';
import { useUser } from '../../api/useUser';
import { shop } from '../../shop';
import { isStaff } from '../may';
import { useExplain } from '../parts/notice';
import { useTexts } from '../texts';
import styles from './Login.module.css';
import { StaffOnly } from './StaffOnly';

/** The answer has no refresh token then: the cookie is it. */
const cookie = { session: 'cookie' } as const;

export function Login() {
  const { login, shell } = useTexts();
  const user = useUser();
  const { next } = useSearch({ from: '/login' });
  const navigate = useNavigate();
  const router = useRouter();
  const explain = useExplain();
  const form = useForm({
    initialValues: { login: '', password: '' },
    validate: {
      login: (it) => (it.trim() ? null : login.required),
      password: (it) => (it ? null : login.required),
    },
  });
  const attempt = useMutation({
    mutationFn: async (values: { login: string; password: string }) => {
      const name = values.login.trim();
      const who = name.includes('@') ? { email: name } : { username: name };
      const body = { ...who, password: values.password, ...cookie };
      return await ok(api.POST('/api/v1/auth/login', { body }));
    },
    onSuccess: (tokens) => session.begin(tokens),
  });

  useEffect(() => {
    document.title = shell.title(login.title, shop.name);
  }, [shell, login]);

  const welcome = user !== null && isStaff(user);
  useEffect(() => {
    if (!welcome) return;
    // Only ever to a page of the admin.
    if (next?.startsWith('/') && !next.startsWith('//'))
      router.history.replace(router.history.createHref(inAdmin(next)));
    else void navigate({ to: '/', replace: true });
  }, [welcome, next, navigate, router]);

  if (user && !welcome) return <StaffOnly user={user} />;
  return (
    <main className={styles.page}>
      <Paper withBorder radius="lg" p={{ base: 'lg', sm: 'xl' }} className={styles.card}>
        <form noValidate onSubmit={form.onSubmit((values) => attempt.mutate(values))}>
          <Stack>
            <div>
              <Text fw={700} c="brand">
                {shop.name}
              </Text>
              <Title order={1} size="h2">
                {login.title}
              </Title>
              <Text c="dimmed">{login.intro}</Text>
            </div>
            <div role="alert">
              {attempt.isError && (
                <Alert color="red" variant="light">
                  {explain(attempt.error)}
                </Alert>
              )}
            </div>
            <TextInput
              label={login.email}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              required
              withAsterisk={false}
              {...form.getInputProps('login')}
            />
            <PasswordInput
              label={login.password}
              autoComplete="current-password"
              required
              withAsterisk={false}
              {...form.getInputProps('password')}
            />
            <Button type="submit" loading={attempt.isPending}>
              {login.submit}
            </Button>
            <Anchor href="/" size="sm">
              {login.shop}
            </Anchor>
          </Stack>
        </form>
      </Paper>
    </main>
  );
}

function inAdmin(path: string) {
  return path.startsWith('/admin') ? path : `/admin${path}`;
}
