import { useRef } from 'react';

import { useFormats } from '../../format';
import { Hidden } from '../parts/Hidden';
import { Stars } from '../parts/Rating';
import { useTexts } from '../texts';
import styles from './Distribution.module.css';
import type { Summary } from './reviewQueries';

type Props = {
  summary: Summary;
  /** Only those with so many stars are shown. */
  chosen: number | undefined;
  onChoose: (stars: number | undefined) => void;
};

/** The average, and how many gave how many stars; each bar shows only those. */
export function Distribution({ summary, chosen, onChoose }: Props) {
  const { reviews: texts, parts } = useTexts();
  const { number, rating } = useFormats();
  const bars = useRef<HTMLUListElement>(null);
  if (!summary.average) return null;
  return (
    <div>
      <p className={styles.average}>
        <strong>{rating(summary.average)}</strong>
        <span>
          <Stars average={summary.average} size={20} />
          <br />
          {parts.reviews(summary.count)}
        </span>
      </p>
      <ul ref={bars}>
        {([5, 4, 3, 2, 1] as const).map((stars) => {
          const count = summary.distribution[stars];
          return (
            <li key={stars}>
              <button
                type="button"
                className={styles.bar}
                disabled={count === 0}
                aria-pressed={chosen === stars}
                onClick={() => onChoose(chosen === stars ? undefined : stars)}
              >
                <span>{texts.stars(stars)}</span>
                <span className={styles.track}>
                  <span style={{ width: `${(count / summary.count) * 100}%` }} />
                </span>
                <span className={styles.count}>
                  {number(count)}
                  <Hidden> {texts.unit(count)}</Hidden>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {chosen !== undefined && (
        <button
          type="button"
          className={styles.all}
          onClick={() => {
            // This button goes away: the focus returns to the bar that brought it.
            bars.current?.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
            onChoose(undefined);
          }}
        >
          {texts.showAll}
        </button>
      )}
    </div>
  );
}
