import { Button, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { useTexts } from '../texts';

/** What is at an address where nothing is. */
export function Missing() {
  const { shell } = useTexts();
  return <Notice {...shell.missing} home={shell.forbidden.home} />;
}

/** The page takes a permission that the one who is logged in has not got. */
export function Forbidden() {
  const { shell } = useTexts();
  return <Notice {...shell.forbidden} />;
}

function Notice({ title, text, home }: { title: string; text: string; home: string }) {
  return (
    <Stack align="flex-start" maw="34rem" p="md">
      <Title order={1}>{title}</Title>
      <Text>{text}</Text>
      <Button renderRoot={(props) => <Link to="/" {...props} />}>{home}</Button>
    </Stack>
  );
}
