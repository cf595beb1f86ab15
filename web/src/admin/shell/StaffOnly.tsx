import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect } from 'react';

import type { User } from '../../api/session';
import { shop } from '../../shop';
import { useTexts } from '../texts';
import styles from './Login.module.css';
import { useLogout } from './useLogout';

/** What a customer finds here: a word and two ways out, and nothing of the shop's data. */
export function StaffOnly({ user }: { user: User }) {
  const { login, shell } = useTexts();
  const logout = useLogout();
  useEffect(() => {
    document.title = shell.title(login.staffOnly.title, shop.name);
  }, [shell, login]);
  return (
    <main className={styles.page}>
      <Paper withBorder radius="lg" p={{ base: 'lg', sm: 'xl' }} className={styles.card}>
        <Stack>
          <Title order={1} size="h2">
            {login.staffOnly.title}
          </Title>
          <Text>{login.staffOnly.text(user.email)}</Text>
          <Group>
            <Button component="a" href="/">
              {login.staffOnly.shop}
            </Button>
            <Button variant="default" loading={logout.isPending} onClick={() => logout.mutate()}>
              {login.staffOnly.other}
            </Button>
          </Group>
        </Stack>
      </Paper>
    </main>
  );
}
