/** What screen readers are told while something is being put in another place. */

import type { DndContextProps } from '@dnd-kit/core';

import { useTexts } from '../texts';

export function useAnnouncements(
  name: (id: unknown) => string,
  position: (id: unknown) => number,
  count: number,
): DndContextProps['accessibility'] {
  const { sorting } = useTexts();
  return {
    screenReaderInstructions: { draggable: sorting.how },
    announcements: {
      onDragStart: ({ active }) => sorting.taken(name(active.id), position(active.id), count),
      onDragOver: ({ active, over }) =>
        over
          ? sorting.over(name(active.id), position(over.id), count)
          : sorting.nowhere(name(active.id)),
      onDragEnd: ({ active, over }) =>
        over
          ? sorting.put(name(active.id), position(over.id), count)
          : sorting.left(name(active.id)),
      onDragCancel: ({ active }) => sorting.left(name(active.id)),
    },
  };
}
