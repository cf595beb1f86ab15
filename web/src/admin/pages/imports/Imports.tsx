/** Products from a file: first what it would do, then how far it is, then what became of it. */

import { Anchor, Button, Group, List, Stack, Switch, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import type { Import, ImportPreview } from '../../catalog';
import { FileDrop } from '../../parts/FileDrop';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { Section } from '../../parts/Section';
import { UploadProgress } from '../../parts/UploadProgress';
import { useTexts } from '../../texts';
import { upload } from '../../upload';
import { History } from './History';
import { Preview } from './Preview';
import { Progress } from './Progress';

const MAX_BYTES = 32 * 1024 * 1024;
const PATH = '/api/v1/products/imports';

export function Imports() {
  const { shell, imports: texts } = useTexts();
  const { id } = useSearch({ from: '/inside/import' });
  return (
    <>
      <PageHead
        title={shell.imports}
        {...(id ? { above: [{ name: shell.products, to: '/products' }] } : {})}
      />
      <Stack gap="lg">
        {id ? <Progress key={id} id={id} /> : <NewImport />}
        <Section title={texts.history}>
          <History shown={id} />
        </Section>
      </Stack>
    </>
  );
}

function NewImport() {
  const { imports: texts } = useTexts();
  const navigate = useNavigate({ from: '/import' });
  const queries = useQueryClient();
  const notice = useNotice();
  const [file, setFile] = useState<File>();
  const [sent, setSent] = useState(0);
  const [setStock, setSetStock] = useState(false);
  // While it is looked at once more, what was found out before stays.
  const [checked, setChecked] = useState<ImportPreview>();

  const send = <T,>(file: File, query: Record<string, string>, setStock: boolean) => {
    setSent(0);
    const params = new URLSearchParams({
      file_name: file.name,
      ...(setStock ? { set_stock: 'true' } : {}),
      ...query,
    });
    return upload<T>(`${PATH}?${params}`, file, { type: 'text/csv', progress: setSent });
  };
  const check = useMutation({
    mutationFn: ({ file, setStock }: { file: File; setStock: boolean }) =>
      send<ImportPreview>(file, { dry_run: 'true' }, setStock),
    onSuccess: (it) => setChecked(it),
    onError: (error) => notice.failed(error),
  });
  const start = useMutation({
    mutationFn: (file: File) => send<Import>(file, {}, setStock),
    onSuccess: async (it) => {
      void queries.invalidateQueries({ queryKey: ['imports'] });
      await navigate({ search: { id: it.id } });
    },
    onError: (error) => notice.failed(error),
  });

  const choose = (next: File | null) => {
    if (!next) return;
    if (next.size > MAX_BYTES) return notice.wrong(texts.tooBig);
    setFile(next);
    setChecked(undefined);
    check.reset();
    check.mutate({ file: next, setStock });
  };
  const again = () => {
    setFile(undefined);
    setChecked(undefined);
    setSetStock(false);
    check.reset();
  };

  if (file && checked) {
    return (
      <Section title={texts.previewOf(file.name)}>
        <Switch
          mb="md"
          label={texts.setStock}
          description={texts.setStockHint}
          checked={setStock}
          disabled={start.isPending}
          onChange={(event) => {
            setSetStock(event.currentTarget.checked);
            check.mutate({ file, setStock: event.currentTarget.checked });
          }}
        />
        <Preview
          preview={checked}
          busy={start.isPending || check.isPending}
          start={() => start.mutate(file)}
          again={again}
        />
        {start.isPending && <UploadProgress name={file.name} part={sent} />}
      </Section>
    );
  }
  return (
    <Section title={texts.newImport}>
      <Stack gap="md">
        <Text size="sm">{texts.help}</Text>
        <List size="sm">
          {texts.steps.map((it) => (
            <List.Item key={it}>{it}</List.Item>
          ))}
        </List>
        {check.isPending && file ? (
          <UploadProgress name={file.name} part={sent} after={texts.checking} />
        ) : (
          <FileDrop accept=".csv,text/csv" hint={texts.dropHint} take={choose}>
            {(props) => (
              <Button {...props} leftSection={<IconUpload size={16} aria-hidden />}>
                {texts.choose}
              </Button>
            )}
          </FileDrop>
        )}
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            {texts.exampleLead}
          </Text>
          <Anchor
            size="sm"
            href={`data:text/csv;charset=utf-8,${encodeURIComponent(EXAMPLE)}`}
            download="products.csv"
          >
            {texts.example}
          </Anchor>
        </Group>
      </Stack>
    </Section>
  );
}

/** A small file of the form that is read. */
const EXAMPLE = [
  'Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Image Src,Image Alt Text,Status',
  'wool-scarf,Wool Scarf,<p>Warm and light.</p>,Northbound,Scarf,"wool, winter",TRUE,Color,Gray,SCARF-GRAY,180,12,39.00,,,active',
  'wool-scarf,,,,,,,,Red,SCARF-RED,180,8,39.00,,,',
  '',
].join('\r\n');
