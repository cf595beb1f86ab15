import { createLink } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

import styles from './DataTable.module.css';

/** The link of a table's row: the whole row follows it. */
export const RowLink = createLink(function Anchor(props: ComponentProps<'a'>) {
  return <a {...props} className={styles.link} />;
});
