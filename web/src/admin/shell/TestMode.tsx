import { Alert } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { testModeQuery } from '../system';
import { useTexts } from '../texts';

/** Says on every page that the shop takes test cards, where it does. */
export function TestMode() {
  const { shell } = useTexts();
  const { data } = useQuery(testModeQuery);
  if (!data) return null;
  return (
    <Alert role="note" color="orange" variant="light" mb="lg" icon={<IconFlask aria-hidden />}>
      {shell.testMode}
    </Alert>
  );
}
