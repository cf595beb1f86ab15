import { createLink } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

import styles from './Button.module.css';

type Look = 'solid' | 'outline' | 'plain';

type Props = ComponentProps<'button'> & {
  look?: Look;
  /** It was pressed and the answer is not there yet: a second press does nothing. */
  busy?: boolean;
};

function classes(look: Look, more: string) {
  return `${styles.button} ${styles[look]} ${more}`;
}

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
      className={classes(look, className)}
      aria-disabled={busy || rest['aria-disabled']}
      aria-busy={busy}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
    >
      {children}
      {busy && <span className={styles.spinner} />}
    </button>
  );
}

/** A link that looks like a button. */
export const ButtonLink = createLink(function Anchor({
  look = 'solid',
  className = '',
  ...rest
}: ComponentProps<'a'> & { look?: Look }) {
  return <a {...rest} className={classes(look, className)} />;
});

type IconProps = ComponentProps<'button'> & {
  /** What it does, as it shows no text. */
  label: string;
};

/** The same for what is not of this shop. */
export function ButtonAnchor({
  look = 'solid',
  className = '',
  ...rest
}: ComponentProps<'a'> & { look?: Look }) {
  return <a {...rest} className={classes(look, className)} />;
}

/** A button with nothing but a sign on it. */
export function IconButton({ label, className = '', ...rest }: IconProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      className={`${styles.icon} ${className}`}
    />
  );
}
