import { Progress, Text } from '@mantine/core';

import { useTexts } from '../texts';

type Props = {
  name: string;
  /** From 0 to 1. */
  part: number;
  /** What goes on once all of it has arrived. */
  after?: string;
};

/** How much of a file has been sent. */
export function UploadProgress({ name, part, after }: Props) {
  const { parts } = useTexts();
  const arrived = part >= 1;
  return (
    <div>
      <Text size="sm" role="status" mb={4}>
        {arrived && after ? after : parts.uploading(name)}
      </Text>
      <Progress.Root size="sm">
        <Progress.Section
          value={arrived ? 100 : part * 100}
          aria-label={name}
          animated={arrived}
          striped={arrived}
        />
      </Progress.Root>
    </div>
  );
}
