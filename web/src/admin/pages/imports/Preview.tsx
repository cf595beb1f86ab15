/** What an import would do. */

import { Alert, Button, Group, Stack, Text } from '@mantine/core';

import { useFormats } from '../../../format';
import type { ImportPreview } from '../../catalog';
import { PlainTable } from '../../parts/PlainTable';
import { StatusBadge } from '../../parts/StatusBadge';
import { useTexts } from '../../texts';
import { Counts } from './Counts';
import { Remarks } from './Remarks';

type Props = { preview: ImportPreview; busy: boolean; start: () => void; again: () => void };

export function Preview({ preview, busy, start, again }: Props) {
  const { imports: texts } = useTexts();
  const formats = useFormats();
  const useful = preview.created + preview.updated;
  return (
    <Stack gap="md">
      <Text role="status">{texts.summary(preview.rows, preview.products)}</Text>
      <Counts of={preview} planned />
      {preview.stock_kept > 0 && <Text size="sm">{texts.stockKept(preview.stock_kept)}</Text>}
      {useful === 0 && (
        <Alert color="orange" variant="light">
          {texts.nothingToDo}
        </Alert>
      )}
      <Remarks
        title={texts.rowErrors}
        remarks={preview.errors}
        file="bad-rows.csv"
        hint={useful > 0 ? texts.rowErrorsHint : undefined}
      />
      <Remarks title={texts.warnings} remarks={preview.warnings ?? []} file="warnings.csv" />
      {preview.sample.length > 0 && (
        <div>
          <Text fw={600} mb="xs">
            {texts.sample}
          </Text>
          <PlainTable
            label={texts.sample}
            head={[texts.title, texts.slug, texts.variants, texts.price, texts.action]}
            right={[2, 3]}
            rows={preview.sample.map((it) => ({
              key: it.slug,
              cells: [
                it.title,
                it.slug,
                formats.number(it.variants),
                formats.money(it.price),
                <StatusBadge
                  key="action"
                  tone={
                    ({ create: 'good', update: 'busy', unchanged: 'quiet' } as const)[it.action]
                  }
                >
                  {texts.actions[it.action]}
                </StatusBadge>,
              ],
            }))}
          />
        </div>
      )}
      <Group>
        <Button onClick={start} loading={busy} disabled={useful === 0}>
          {texts.start(useful)}
        </Button>
        <Button variant="default" onClick={again} disabled={busy}>
          {texts.chooseAnother}
        </Button>
      </Group>
    </Stack>
  );
}
