import { Link, useLocation } from '@tanstack/react-router';

import { useTexts } from '../texts';
import { Icon } from './Icon';
import styles from './Pager.module.css';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Where the pages before this one began, as far as they were seen; null for the first one. */
    before?: (string | null)[];
  }
}

type Props = {
  /** Where the shown page begins; undefined for the first one. */
  cursor: string | undefined;
  /** Where the next one does, if there is one. */
  next: string | null | undefined;
};

/**
 * Leads to the next page of a list and back. A page begins after a certain item, so that none is
 * skipped or seen twice, whatever is added or sold meanwhile.
 */
export function Pager({ cursor, next }: Props) {
  const { parts } = useTexts();
  const before = useLocation({ select: ({ state }) => state.before }) ?? [];
  if (!cursor && !next) return null;
  const previous = before.at(-1);
  return (
    <nav className={styles.pager} aria-label={parts.pagination}>
      {/* Whoever comes by a link has seen no page before this one. */}
      {cursor && previous !== null && (
        <Link to="." search={at(undefined)} state={{}} className={styles.step}>
          {parts.first}
        </Link>
      )}
      {cursor && previous !== undefined && (
        <Link
          to="."
          search={at(previous ?? undefined)}
          state={{ before: before.slice(0, -1) }}
          className={styles.step}
          rel="prev"
        >
          <Icon name="left" />
          {parts.previous}
        </Link>
      )}
      {next && (
        <Link
          to="."
          search={at(next)}
          state={{ before: cursor && before.length === 0 ? [cursor] : [...before, cursor ?? null] }}
          className={styles.step}
          rel="next"
        >
          {parts.next}
          <Icon name="right" />
        </Link>
      )}
    </nav>
  );
}

function at(cursor: string | undefined) {
  return (old: object) => ({ ...old, cursor });
}
