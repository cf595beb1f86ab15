import type { ReactNode } from 'react';

import { useTitle } from '../useTitle';
import styles from './Page.module.css';

type Props = {
  title: string;
  /** Narrow pages hold one form. */
  narrow?: boolean;
  /** Beside the title. */
  aside?: ReactNode;
  children: ReactNode;
};

/** A page under one title. */
export function Page({ title, narrow = false, aside, children }: Props) {
  useTitle(title);
  return (
    <div className={`${styles.page} ${narrow ? styles.narrow : ''}`}>
      <header className={styles.head}>
        <h1>{title}</h1>
        {aside}
      </header>
      {children}
    </div>
  );
}
