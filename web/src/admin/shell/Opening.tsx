import { Center, Loader } from '@mantine/core';

import { useTexts } from '../texts';

/** While it turns out who is logged in. */
export function Opening() {
  const { shell } = useTexts();
  return (
    <Center mih="100dvh" role="status" aria-label={shell.loading}>
      <Loader />
    </Center>
  );
}
