import type { UseQueryResult } from '@tanstack/react-query';

import { isProblem } from '../../api/problem';
import { useTexts } from '../texts';
import { Button } from './Button';
import styles from './Notice.module.css';

/** One part of a page could not be loaded while the rest could; offers another try. */
export function FailedPart({
  query,
}: {
  query: Pick<UseQueryResult, 'error' | 'refetch' | 'isFetching'>;
}) {
  const { failed } = useTexts();
  return (
    <div className={styles.part} role="alert">
      <p>{isProblem(query.error) ? query.error.message : failed.unreachable}</p>
      <Button look="outline" busy={query.isFetching} onClick={() => void query.refetch()}>
        {failed.tryAgain}
      </Button>
    </div>
  );
}
