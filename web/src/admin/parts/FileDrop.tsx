/** A place where a file can be dropped or chosen. */

import { FileButton, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import styles from './FileDrop.module.css';

type Props = {
  accept: string;
  hint: string;
  take: (file: File | null) => void;
  children: (props: { onClick: () => void }) => ReactNode;
};

export function FileDrop({ accept, hint, take, children }: Props) {
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button does the same without a mouse
    <div
      className={styles.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files[0] ?? null);
      }}
    >
      <Stack align="center" gap="xs">
        <FileButton accept={accept} onChange={take}>
          {children}
        </FileButton>
        <Text size="sm" c="dimmed" ta="center">
          {hint}
        </Text>
      </Stack>
    </div>
  );
}
