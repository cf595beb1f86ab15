import { Alert, List, Text } from '@mantine/core';

import type { Import, ImportPreview } from '../../catalog';
import { useTexts } from '../../texts';

/** Which format a file was taken for, and what of it is not read. */
export function Columns({ of }: { of: Import | ImportPreview }) {
  const { imports: texts } = useTexts();
  const ignored = of.ignored_columns ?? [];
  const formats: Record<string, string> = texts.formats;
  return (
    <>
      {of.format && <Text size="sm">{texts.format(formats[of.format] ?? of.format)}</Text>}
      {ignored.length > 0 && (
        <Alert color="orange" variant="light" title={texts.ignored(ignored.length)}>
          <List size="sm">
            {ignored.map(({ name, nearest }) => (
              <List.Item key={name}>
                <b>{name}</b>
                {nearest && ` – ${texts.didYouMean(nearest)}`}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}
