import { Group, VisuallyHidden } from '@mantine/core';
import { IconStar, IconStarFilled } from '@tabler/icons-react';

import { useTexts } from '../../texts';

/** How many of five stars were given. */
export function Stars({ rating }: { rating: number }) {
  const { reviews } = useTexts();
  return (
    <Group gap={2} c="orange">
      <VisuallyHidden>{reviews.stars(rating)}</VisuallyHidden>
      {[1, 2, 3, 4, 5].map((it) =>
        it <= rating ? (
          <IconStarFilled key={it} size={14} aria-hidden />
        ) : (
          <IconStar key={it} size={14} aria-hidden />
        ),
      )}
    </Group>
  );
}
