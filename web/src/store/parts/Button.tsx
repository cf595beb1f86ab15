import type { ComponentProps } from 'react';

import styles from './Button.module.css';

type Props = ComponentProps<'button'> & {
  look?: 'solid' | 'outline' | 'plain';
  /** It was pressed and the answer is not there yet: a second press does nothing. */
  busy?: boolean;
};

export function Button({
  look = 'solid',
  busy = false,
  className = '',
  onClick,
  children,
  ...rest
}: Props) {
  return (
    <button
      type="button"
      {...rest}
      className={`${styles.button} ${styles[look]} ${className}`}
      aria-disabled={busy || rest['aria-disabled']}
      aria-busy={busy}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
    >
      {children}
    </button>
  );
}
