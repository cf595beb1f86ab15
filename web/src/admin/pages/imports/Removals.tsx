import { ScrollArea, Text } from '@mantine/core';

import { useFormats } from '../../../format';
import type { Import, ImportPreview } from '../../catalog';
import { PlainTable } from '../../parts/PlainTable';
import { useTexts } from '../../texts';
import { removalsOf } from './imports';

type Props = {
  of: Import | ImportPreview;
  title: (count: number) => string;
};

/** Each thing that goes because the file does not name it, with the units there are of it. */
export function Removals({ of, title }: Props) {
  const { imports: texts } = useTexts();
  const formats = useFormats();
  const listed = of.removals ?? [];
  const count = removalsOf(of);
  if (count === 0) return null;
  const { kind, name, units } = texts.removalHead;
  return (
    <div>
      <Text fw={600} mb="xs" c="var(--mantine-color-error)">
        {title(count)}
      </Text>
      <ScrollArea.Autosize mah={320} viewportProps={{ tabIndex: 0 }}>
        <PlainTable
          label={title(count)}
          head={[texts.product, kind, name, units]}
          right={[3]}
          rows={listed.map((it, at) => ({
            key: `${at}`,
            cells: [
              it.handle,
              texts.removalKinds[it.kind],
              it.name,
              typeof it.units === 'number' ? formats.number(it.units) : '–',
            ],
          }))}
        />
      </ScrollArea.Autosize>
      {count > listed.length && <Text size="sm">{texts.removalsMore(count - listed.length)}</Text>}
    </div>
  );
}
