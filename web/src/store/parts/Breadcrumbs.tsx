import { Link } from '@tanstack/react-router';

import type { Schemas } from '../../api/client';
import { useTexts } from '../texts';
import styles from './Breadcrumbs.module.css';

type Props = {
  /** The categories on the way, from the top. */
  path: Schemas['CategoryRef'][];
  /** Where one is. */
  here: string;
};

export function Breadcrumbs({ path, here }: Props) {
  const { parts } = useTexts();
  return (
    <nav aria-label={parts.breadcrumbs} className={styles.way}>
      <ol>
        <li>
          <Link to="/">{parts.home}</Link>
        </li>
        {path.map((it) => (
          <li key={it.id}>
            <Link to="/categories/$slug" params={{ slug: it.slug }}>
              {it.name}
            </Link>
          </li>
        ))}
        <li className={styles.here} aria-current="page">
          {here}
        </li>
      </ol>
    </nav>
  );
}
