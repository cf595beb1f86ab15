import { Link } from '@tanstack/react-router';

import { useCategories } from '../categories';
import { Dialog } from '../parts/Dialog';
import { useTexts } from '../texts';
import styles from './MenuDrawer.module.css';
import { Preferences } from './Preferences';
import { useIsStaff } from './useIsStaff';

/** The whole navigation, for where there is no room for the bar. */
export function MenuDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { shell } = useTexts();
  const categories = useCategories();
  const staff = useIsStaff();
  return (
    <Dialog from="left" open={open} onClose={onClose} title={shell.menu}>
      <nav aria-label={shell.navigation}>
        <ul className={styles.list}>
          {categories?.map((top) => (
            <li key={top.id}>
              <Link
                to="/categories/$slug"
                params={{ slug: top.slug }}
                className={styles.top}
                onClick={onClose}
              >
                {top.name}
              </Link>
              {top.children && top.children.length > 0 && (
                <ul className={styles.below}>
                  {top.children.map((it) => (
                    <li key={it.id}>
                      <Link
                        to="/categories/$slug"
                        params={{ slug: it.slug }}
                        className={styles.sub}
                        onClick={onClose}
                      >
                        {it.name}
                      </Link>
                    </li>
                  ))}
                </ul>
              )}
            </li>
          ))}
        </ul>
      </nav>
      {staff && (
        <p className={styles.admin}>
          <a href="/admin" className={styles.top}>
            {shell.admin}
          </a>
        </p>
      )}
      <Preferences />
    </Dialog>
  );
}
