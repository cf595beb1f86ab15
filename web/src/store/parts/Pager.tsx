import { Link } from '@tanstack/react-router';

import { useFormats } from '../../format';
import { pagesAround } from '../catalog/pages';
import { useTexts } from '../texts';
import { Icon } from './Icon';
import styles from './Pager.module.css';

type Props = {
  page: number;
  last: number;
};

/** Leads to the other pages of a list, which stand in the address as `page`. */
export function Pager({ page, last }: Props) {
  const { parts } = useTexts();
  const { number } = useFormats();
  if (last <= 1) return null;
  return (
    <nav className={styles.pager} aria-label={parts.pagination}>
      <Step to={page - 1} last={last} label={parts.previous} sign="left" />
      <ol className={styles.pages}>
        {pagesAround(page, last).map((it, index) =>
          it === null ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: gaps have nothing else
            <li key={`gap ${index}`} className={styles.gap} aria-hidden="true">
              …
            </li>
          ) : (
            <li key={it}>
              <Link
                to="."
                search={atPage(it)}
                className={styles.page}
                aria-label={parts.page(number(it))}
                aria-current={it === page ? 'page' : undefined}
              >
                {number(it)}
              </Link>
            </li>
          ),
        )}
      </ol>
      <Step to={page + 1} last={last} label={parts.next} sign="right" />
    </nav>
  );
}

function atPage(page: number) {
  return (old: object) => ({ ...old, page: page > 1 ? page : undefined });
}

type StepProps = { to: number; last: number; label: string; sign: 'left' | 'right' };

function Step({ to, last, label, sign }: StepProps) {
  if (to < 1 || to > last) return <span className={styles.step} aria-hidden="true" />;
  return (
    <Link
      to="."
      search={atPage(to)}
      className={styles.step}
      aria-label={label}
      rel={sign === 'left' ? 'prev' : 'next'}
    >
      <Icon name={sign} />
    </Link>
  );
}
