import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQueryErrorResetBoundary } from '@tanstack/react-query';
import type { ErrorComponentProps } from '@tanstack/react-router';

import { isProblem } from '../../api/problem';
import { Missing } from '../shell/Missing';
import { useTexts } from '../texts';
import { useExplain } from './notice';

/** Something could not be loaded: why, and another try. */
export function ErrorState({ error, again }: { error: unknown; again: () => void }) {
  const { parts } = useTexts();
  const explain = useExplain();
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      title={parts.failed}
      icon={<IconAlertTriangle size={20} aria-hidden />}
    >
      <Stack align="flex-start" gap="sm">
        <Text size="sm">{explain(error)}</Text>
        <Button size="xs" variant="default" onClick={again}>
          {parts.tryAgain}
        </Button>
      </Stack>
    </Alert>
  );
}

/** The same for a whole page. */
export function RouteFailed({ error, reset }: Pick<ErrorComponentProps, 'error' | 'reset'>) {
  const boundary = useQueryErrorResetBoundary();
  if (isProblem(error) && error.status === 404) return <Missing />;
  return (
    <ErrorState
      error={error}
      again={() => {
        boundary.reset();
        reset();
      }}
    />
  );
}
