import { Title } from '@mantine/core';

import { useTexts } from '../texts';

export function Dashboard() {
  const { shell } = useTexts();
  return <Title order={1}>{shell.dashboard}</Title>;
}
