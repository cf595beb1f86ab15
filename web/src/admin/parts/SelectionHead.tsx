/** How many are chosen, and a way to choose all that are found. */

import { Button, Group, Text } from '@mantine/core';

import { useFormats } from '../../format';
import { useTexts } from '../texts';
import type { List } from './list';
import { MOST, type Selection } from './selection';

type Props<T> = {
  selection: Selection<T>;
  list: List<T>;
  id: (row: T) => string;
  /** Starts to choose all that are found. */
  gather: () => void;
  disabled?: boolean;
};

export function SelectionHead<T>({ selection, list, id, gather, disabled = false }: Props<T>) {
  const { parts, bulk } = useTexts();
  const formats = useFormats();
  const { chosen, gathering } = selection;
  const shown = list.rows ?? [];
  const all = shown.length > 0 && shown.every((it) => chosen.has(id(it)));
  const more = all && list.more !== undefined && chosen.size <= shown.length;
  return (
    <>
      <Text size="sm" fw={600} px="xs" role="status">
        {gathering
          ? bulk.gathering(formats.number(gathering.done), formats.number(gathering.of))
          : parts.selected(chosen.size)}
        {!gathering && chosen.size === MOST && ` · ${bulk.most(formats.number(MOST))}`}
      </Text>
      {gathering ? (
        <Button size="xs" variant="default" onClick={selection.stop}>
          {bulk.stop}
        </Button>
      ) : (
        more && (
          <Button size="xs" variant="default" disabled={disabled} onClick={gather}>
            {bulk.selectMatching}
          </Button>
        )
      )}
    </>
  );
}

/** How far many changes are, with a way to leave the rest. */
export function BulkProgress({ done, of, stop }: { done: number; of: number; stop: () => void }) {
  const { bulk } = useTexts();
  const formats = useFormats();
  return (
    <Group gap="xs">
      <Text size="sm" px="xs" role="status">
        {bulk.progress(formats.number(done), formats.number(of))}
      </Text>
      <Button size="xs" variant="default" onClick={stop}>
        {bulk.stop}
      </Button>
    </Group>
  );
}
