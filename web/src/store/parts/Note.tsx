import type { ReactNode } from 'react';

import { Icon, type IconName } from './Icon';
import styles from './Note.module.css';

const icons = { plain: 'info', good: 'check', warn: 'alert', bad: 'alert' } satisfies Record<
  string,
  IconName
>;

type Props = {
  kind: keyof typeof icons;
  /** `status` is read out when it is calm, `alert` at once. */
  role?: 'status' | 'alert';
  children: ReactNode;
};

/** Something to know, set apart from the rest. */
export function Note({ kind, role, children }: Props) {
  return (
    <div
      className={`${styles.note} ${styles[kind]}`}
      role={role ?? (kind === 'bad' ? 'alert' : undefined)}
    >
      <Icon name={icons[kind]} />
      <div>{children}</div>
    </div>
  );
}
