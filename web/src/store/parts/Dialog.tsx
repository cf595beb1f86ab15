import { type ReactNode, useEffect, useId, useRef } from 'react';

import { useTexts } from '../texts';
import { IconButton } from './Button';
import styles from './Dialog.module.css';
import { Icon } from './Icon';

type Props = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** From which side it comes; `middle` is in the middle, `full` fills the window. */
  from?: 'left' | 'right' | 'middle' | 'full';
  /** Below what can be scrolled, always to be seen. */
  footer?: ReactNode;
  children: ReactNode;
};

/** Something over the page that has to be closed first: by Escape, its button, or a click beside. */
export function Dialog({ open, onClose, title, from = 'middle', footer, children }: Props) {
  const { parts } = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard it is Escape, which the element does
    <dialog
      ref={dialog}
      aria-labelledby={id}
      className={`${styles.dialog} ${styles[from]}`}
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className={styles.inside}>
        <div className={styles.head}>
          <h2 id={id} className={styles.title}>
            {title}
          </h2>
          <IconButton label={parts.close} onClick={onClose}>
            <Icon name="close" />
          </IconButton>
        </div>
        <div className={styles.body}>{children}</div>
        {footer && <div className={styles.foot}>{footer}</div>}
      </div>
    </dialog>
  );
}
