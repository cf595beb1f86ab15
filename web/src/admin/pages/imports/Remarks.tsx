/** Rows of a file that something is wrong with, to be read here and taken along. */

import { Button, Group, ScrollArea, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

import type { Remark } from '../../catalog';
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
          onClick={() => download(file, remarks)}
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

function download(name: string, remarks: Remark[]) {
  const lines = [
    ['row', 'product', 'column', 'message'],
    ...remarks.map((it) => [`${it.row}`, it.product ?? '', it.column ?? '', it.message]),
  ];
  const text = lines.map((line) => line.map(quoted).join(',')).join('\r\n');
  // Spreadsheets take it for something else without the mark at the beginning.
  const url = URL.createObjectURL(new Blob([`\ufeff${text}\r\n`], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function quoted(text: string) {
  // What begins like a formula is not to be one in a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
