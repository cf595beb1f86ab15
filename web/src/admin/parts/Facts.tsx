import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Names and what they stand for, one below the other. Those without a value are left out. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  const told = facts.filter(([, value]) => value || value === 0);
  return (
    <dl style={{ margin: 0 }}>
      {told.map(([name, value]) => (
        <Group key={name} justify="space-between" gap="md" py={4} wrap="nowrap" align="baseline">
          <Text component="dt" size="sm" c="dimmed" style={{ flexShrink: 0 }}>
            {name}
          </Text>
          <Text component="dd" size="sm" m={0} ta="right" style={{ overflowWrap: 'anywhere' }}>
            {value}
          </Text>
        </Group>
      ))}
    </dl>
  );
}
