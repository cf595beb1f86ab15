/** All products as a file: to be imported elsewhere, read in a spreadsheet, or kept with its pictures. */

import { Button, Group, Menu, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { useFormats } from '../../format';
import { download } from '../download';
import { useTexts } from '../texts';
import { useNotice } from './notice';

const KINDS = {
  csv: { query: 'format=csv', name: 'products.csv' },
  excel: { query: 'format=csv&bom=true', name: 'products.csv' },
  zip: { query: 'format=zip', name: 'products.zip' },
} as const;
type Kind = keyof typeof KINDS;

export function ExportMenu() {
  const { exports: texts } = useTexts();
  const formats = useFormats();
  const notice = useNotice();
  const [bytes, setBytes] = useState(0);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const exporting = useMutation({
    mutationFn: async (kind: Kind) => {
      const { query, name } = KINDS[kind];
      const control = new AbortController();
      running.current = control;
      setBytes(0);
      try {
        await download(`/api/v1/products/export?${query}`, {
          name,
          progress: setBytes,
          signal: control.signal,
        });
        return true;
      } catch (error) {
        if (control.signal.aborted) return false;
        throw error;
      }
    },
    onSuccess: (all) => all && notice.done(texts.done),
    onError: (error) => notice.failed(error),
  });
  if (exporting.isPending) {
    const size = texts.megabytes(formats.rating(bytes / 1_000_000));
    return (
      <Group gap="xs">
        <Text size="sm" role="status">
          {texts.running(size)}
        </Text>
        <Button variant="default" onClick={() => running.current?.abort()}>
          {texts.stop}
        </Button>
      </Group>
    );
  }
  return (
    <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          aria-label={texts.menu}
        >
          {texts.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(KINDS) as Kind[]).map((kind) => (
          <Menu.Item key={kind} onClick={() => exporting.mutate(kind)}>
            {texts[kind]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
