import { Paper, SimpleGrid, Text } from '@mantine/core';

import { useFormats } from '../../../format';
import { useTexts } from '../../texts';

type Props = {
  of: { created: number; updated: number; unchanged?: number; failed?: number };
  /** What would be done rather than what was. */
  planned?: boolean;
};

/** How many products were, or would be, added, changed, left as they are and left out. */
export function Counts({ of, planned = false }: Props) {
  const { imports: texts } = useTexts();
  const formats = useFormats();
  const words = planned ? texts.planned : texts.outcome;
  const all = (['created', 'updated', 'unchanged', 'failed'] as const).filter(
    (it) => of[it] !== undefined,
  );
  return (
    <SimpleGrid component="dl" m={0} cols={{ base: 2, sm: 4 }} spacing="sm">
      {all.map((it) => (
        <Paper key={it} withBorder p="sm">
          <Text component="dt" size="sm" c="dimmed">
            {words[it]}
          </Text>
          <Text
            component="dd"
            m={0}
            fz="h3"
            fw={700}
            {...(it === 'failed' && of[it] ? { c: 'var(--mantine-color-error)' } : {})}
          >
            {formats.number(of[it] ?? 0)}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}
