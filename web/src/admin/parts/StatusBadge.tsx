import { Badge } from '@mantine/core';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const colors: Record<Tone, string> = {
  good: 'teal',
  busy: 'blue',
  warn: 'orange',
  bad: 'red',
  quiet: 'gray',
};

/** How something stands, in a word and a colour. */
export function StatusBadge({ tone, children }: { tone: Tone; children: string }) {
  return (
    <Badge variant="light" color={colors[tone]} radius="sm" tt="none" fw={600} miw="max-content">
      {children}
    </Badge>
  );
}
