import { Link } from '@tanstack/react-router';

import { useCategories } from '../categories';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import styles from './CategoryBar.module.css';

/** The top categories in a row, where there is room for it. */
export function CategoryBar() {
  const { shell } = useTexts();
  const categories = useCategories();
  return (
    <nav className={styles.bar} aria-label={shell.navigation}>
      <ul>
        {categories
          ? categories.map((it) => (
              <li key={it.id}>
                <Link to="/categories/$slug" params={{ slug: it.slug }} className={styles.link}>
                  {it.name}
                </Link>
              </li>
            ))
          : ['5rem', '3rem', '6rem', '4rem'].map((width) => (
              <li key={width} className={styles.link}>
                <Skeleton width={width} />
              </li>
            ))}
      </ul>
    </nav>
  );
}
