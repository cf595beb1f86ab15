/** Products from a file: first what it would do, then how far it is, then what became of it. */

import { Anchor, Button, Group, List, Stack, Switch, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { useFormats } from '../../../format';
import type { Import, ImportPreview } from '../../catalog';
import { useConfirm } from '../../parts/confirm';
import { ExportMenu } from '../../parts/ExportMenu';
import { FileDrop } from '../../parts/FileDrop';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { Section } from '../../parts/Section';
import { UploadProgress } from '../../parts/UploadProgress';
import { useTexts } from '../../texts';
import { upload } from '../../upload';
import { History } from './History';
import { removalsOf, unitsOf } from './imports';
import { Preview } from './Preview';
import { Progress } from './Progress';

const MAX_BYTES = 32 * 1024 * 1024;
const PATH = '/api/v1/products/imports';

/** The kinds of files that are read, by the ends of their names. */
const TYPES: Record<string, string> = {
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.txt': 'text/csv',
  '.zip': 'application/zip',
};

function typeOf({ name }: File): string {
  const end = Object.keys(TYPES).find((it) => name.toLowerCase().endsWith(it));
  return TYPES[end ?? ''] ?? 'text/csv';
}

/** What an import does beside adding and updating. */
type How = { set_stock: boolean; remove_missing: boolean };
const SAFE: How = { set_stock: false, remove_missing: false };

export function Imports() {
  const { shell, imports: texts } = useTexts();
  const { id } = useSearch({ from: '/inside/import' });
  return (
    <>
      <PageHead
        title={shell.imports}
        actions={<ExportMenu />}
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
  const confirm = useConfirm();
  const formats = useFormats();
  const [file, setFile] = useState<File>();
  const [sent, setSent] = useState(0);
  const [how, setHow] = useState<How>(SAFE);
  // While it is looked at once more, what was found out before stays.
  const [checked, setChecked] = useState<ImportPreview>();

  const send = <T,>(file: File, query: Record<string, string>, how: How) => {
    setSent(0);
    const params = new URLSearchParams({
      file_name: file.name,
      ...(how.set_stock ? { set_stock: 'true' } : {}),
      ...(how.remove_missing ? { remove_missing: 'true' } : {}),
      ...query,
    });
    return upload<T>(`${PATH}?${params}`, file, { type: typeOf(file), progress: setSent });
  };
  const check = useMutation({
    mutationFn: ({ file, how }: { file: File; how: How }) =>
      send<ImportPreview>(file, { dry_run: 'true' }, how),
    onSuccess: (it) => setChecked(it),
    onError: (error) => {
      notice.failed(error);
      // What was found out is not about this: nothing is started by it.
      if (checked) setHow(SAFE);
    },
  });
  const start = useMutation({
    mutationFn: (file: File) => send<Import>(file, {}, how),
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
    check.mutate({ file: next, how });
  };
  const begin = async (file: File, preview: ImportPreview) => {
    const count = how.remove_missing ? removalsOf(preview) : 0;
    const sure =
      count === 0 ||
      (await confirm({
        title: texts.removeTitle(count),
        text: texts.removeText(formats.number(unitsOf(preview))),
        yes: texts.removeYes,
        danger: true,
      }));
    if (sure) start.mutate(file);
  };
  const again = () => {
    setFile(undefined);
    setChecked(undefined);
    setHow(SAFE);
    check.reset();
  };

  if (file && checked) {
    return (
      <Section title={texts.previewOf(file.name)}>
        <Stack gap="sm" mb="md">
          {(['set_stock', 'remove_missing'] as const).map((it) => (
            <Switch
              key={it}
              label={it === 'set_stock' ? texts.setStock : texts.removeMissing}
              description={it === 'set_stock' ? texts.setStockHint : texts.removeMissingHint}
              checked={how[it]}
              disabled={start.isPending || check.isPending}
              onChange={(event) => {
                const next = { ...how, [it]: event.currentTarget.checked };
                setHow(next);
                check.mutate({ file, how: next });
              }}
            />
          ))}
        </Stack>
        <Preview
          preview={checked}
          busy={start.isPending || check.isPending}
          removes={how.remove_missing}
          start={() => void begin(file, checked)}
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
          <FileDrop accept={Object.keys(TYPES).join()} hint={texts.dropHint} take={choose}>
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
