/** Rows of a file that something is wrong with, to be read here and taken along. */

import { Button, Group, ScrollArea, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

import type { Remark } from '../../catalog';
import { saveCsv } from '../../parts/csv';
import { PlainTable } from '../../parts/PlainTable';
import { useTexts } from '../../texts';

type Props = {
  title: (count: number) => string;
  remarks: Remark[];
  file: string;
  hint?: string | undefined;
};

export function Remarks({ title, remarks, file, hint }: Props) {
  const { imports: texts } = useTexts();
  if (remarks.length === 0) return null;
  return (
    <div>
      <Group justify="space-between" mb="xs">
        <div>
          <Text fw={600}>{title(remarks.length)}</Text>
          {hint && (
            <Text size="sm" c="dimmed">
              {hint}
            </Text>
          )}
        </div>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() =>
            saveCsv(file, [
              ['row', 'product', 'column', 'message'],
              ...remarks.map((it) => [`${it.row}`, it.product ?? '', it.column ?? '', it.message]),
            ])
          }
        >
          {texts.download}
        </Button>
      </Group>
      <ScrollArea.Autosize mah={320} viewportProps={{ tabIndex: 0 }}>
        <PlainTable
          label={title(remarks.length)}
          head={[texts.row, texts.product, texts.column, texts.message]}
          rows={remarks.map((it, at) => ({
            key: `${at}`,
            cells: [it.row, it.product ?? '', it.column ?? '', it.message],
          }))}
        />
      </ScrollArea.Autosize>
    </div>
  );
}
