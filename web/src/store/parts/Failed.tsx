import { useQueryErrorResetBoundary } from '@tanstack/react-query';
import type { ErrorComponentProps } from '@tanstack/react-router';

import { isProblem } from '../../api/problem';
import { useTexts } from '../texts';
import { Button } from './Button';
import { Missing } from './Missing';
import styles from './Notice.module.css';

/** A part of the page could not be shown; says why and offers another try. */
export function Failed({ error, reset }: Pick<ErrorComponentProps, 'error' | 'reset'>) {
  const { failed } = useTexts();
  const boundary = useQueryErrorResetBoundary();
  if (isProblem(error) && error.status === 404) return <Missing />;
  return (
    <section className={styles.notice} role="alert">
      <h1>{failed.title}</h1>
      <p>{isProblem(error) ? error.message : failed.unreachable}</p>
      <Button
        onClick={() => {
          boundary.reset();
          reset();
        }}
      >
        {failed.tryAgain}
      </Button>
    </section>
  );
}
