import {
  Avatar,
  Button,
  Divider,
  Input,
  Popover,
  SegmentedControl,
  Stack,
  Text,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core';
import { IconExternalLink, IconLogout } from '@tabler/icons-react';

import { useUser } from '../../api/useUser';
import { type Language, languages, useLanguage } from '../../texts';
import { useTexts } from '../texts';
import { useLogout } from './useLogout';

/** Who is logged in, how the pages look, and the way out. */
export function UserMenu() {
  const { shell } = useTexts();
  const user = useUser();
  const logout = useLogout();
  if (!user) return null;
  const name = user.name || user.email;
  return (
    <Popover position="bottom-end" width={280} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton>
          <VisuallyHidden>{`${shell.account}: ${name}`}</VisuallyHidden>
          <Avatar
            name={name}
            color="brand"
            variant="filled"
            radius="xl"
            size={36}
            alt=""
            aria-hidden
          />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={shell.account}>
        <Stack gap="sm">
          <div>
            <Text fw={600} truncate>
              {name}
            </Text>
            <Text size="sm" c="dimmed" truncate>
              {user.email}
            </Text>
            <Text size="sm" c="dimmed">
              {user.roles.map((role) => shell.roles[role]).join(', ')}
            </Text>
          </div>
          <Divider />
          <Looks />
          <Divider />
          <Button
            component="a"
            href="/"
            variant="default"
            leftSection={<IconExternalLink size={16} aria-hidden />}
          >
            {shell.viewShop}
          </Button>
          <Button
            variant="default"
            loading={logout.isPending}
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() => logout.mutate()}
          >
            {shell.signOut}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Looks() {
  const { shell } = useTexts();
  const { language, choose } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <div>
        <Input.Label component="div" mb={4}>
          {shell.theme}
        </Input.Label>
        <SegmentedControl
          fullWidth
          aria-label={shell.theme}
          value={colorScheme}
          onChange={(it) => setColorScheme(it as typeof colorScheme)}
          data={[
            { value: 'light', label: shell.light },
            { value: 'dark', label: shell.dark },
            { value: 'auto', label: shell.auto },
          ]}
        />
      </div>
      <div>
        <Input.Label component="div" mb={4}>
          {shell.language}
        </Input.Label>
        <SegmentedControl
          fullWidth
          aria-label={shell.language}
          value={language}
          onChange={(it) => choose(it as Language)}
          data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
        />
      </div>
    </>
  );
}
