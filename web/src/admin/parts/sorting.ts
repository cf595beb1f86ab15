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
    screenReaderInstructions: { draggable: sorting.instructions },
    announcements: {
      onDragStart: ({ active }) => sorting.pickedUp(name(active.id), position(active.id), count),
      onDragOver: ({ active, over }) =>
        over
          ? sorting.over(name(active.id), position(over.id), count)
          : sorting.notDroppable(name(active.id)),
      onDragEnd: ({ active, over }) =>
        over
          ? sorting.dropped(name(active.id), position(over.id), count)
          : sorting.cancelled(name(active.id)),
      onDragCancel: ({ active }) => sorting.cancelled(name(active.id)),
    },
  };
}
