/** What one types into: a label above, a hint or what is wrong below. */

import { type ComponentProps, type ReactNode, useId } from 'react';

import styles from './Field.module.css';
import { Icon } from './Icon';

type Around = {
  label: ReactNode;
  /** Said before something goes wrong. */
  hint?: ReactNode;
  /** What is wrong with it, if something is. */
  error?: string | undefined;
  /** Said beside the label, such as "optional". */
  note?: ReactNode;
  /** Of the whole, for its place in a form. */
  className?: string;
};

export function TextField({
  label,
  hint,
  error,
  note,
  className,
  ...rest
}: Around & ComponentProps<'input'>) {
  const { id, about } = useIds(rest, hint, error);
  return (
    <Frame {...{ id, label, hint, error, note, className }}>
      <input
        {...rest}
        id={id}
        className={styles.control}
        aria-invalid={!!error}
        aria-describedby={about}
      />
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  note,
  className,
  ...rest
}: Around & ComponentProps<'textarea'>) {
  const { id, about } = useIds(rest, hint, error);
  return (
    <Frame {...{ id, label, hint, error, note, className }}>
      <textarea
        rows={5}
        {...rest}
        id={id}
        className={styles.control}
        aria-invalid={!!error}
        aria-describedby={about}
      />
    </Frame>
  );
}

export function SelectField({
  label,
  hint,
  error,
  note,
  className,
  children,
  ...rest
}: Around & ComponentProps<'select'>) {
  const { id, about } = useIds(rest, hint, error);
  return (
    <Frame {...{ id, label, hint, error, note, className }}>
      <span className={styles.select}>
        <select
          {...rest}
          id={id}
          className={styles.control}
          aria-invalid={!!error}
          aria-describedby={about}
        >
          {children}
        </select>
        <Icon name="down" size={16} />
      </span>
    </Frame>
  );
}

/** A box to tick, with its text beside it. */
export function CheckField({
  label,
  hint,
  error,
  className = '',
  ...rest
}: Omit<Around, 'note'> & ComponentProps<'input'>) {
  const { id, about } = useIds(rest, hint, error);
  return (
    <div className={`${styles.field} ${className}`}>
      <span className={styles.check}>
        <input type="checkbox" {...rest} id={id} aria-invalid={!!error} aria-describedby={about} />
        <label htmlFor={id}>{label}</label>
      </span>
      <Below {...{ id, hint, error }} />
    </div>
  );
}

function useIds(
  given: { id?: string | undefined; 'aria-describedby'?: string | undefined },
  hint: ReactNode,
  error: string | undefined,
) {
  const made = useId();
  const id = given.id ?? made;
  const about = [given['aria-describedby'], error && `${id}-error`, hint && `${id}-hint`]
    .filter(Boolean)
    .join(' ');
  return { id, about: about || undefined };
}

function Frame({
  id,
  label,
  hint,
  error,
  note,
  className = '',
  children,
}: Around & { id: string; children: ReactNode }) {
  return (
    <div className={`${styles.field} ${className}`}>
      <label htmlFor={id} className={styles.label}>
        {label}
        {note && <span className={styles.note}>{note}</span>}
      </label>
      {children}
      <Below {...{ id, hint, error }} />
    </div>
  );
}

function Below({ id, hint, error }: Pick<Around, 'hint' | 'error'> & { id: string }) {
  return (
    <>
      {error && (
        <p id={`${id}-error`} className={styles.error}>
          <Icon name="alert" size={16} />
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </>
  );
}
