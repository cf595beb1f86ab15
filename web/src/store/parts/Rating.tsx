import { useFormats } from '../../format';
import { useTexts } from '../texts';
import { Hidden } from './Hidden';
import styles from './Rating.module.css';

/** Five stars in a row, each 24 wide. */
const row = [0, 24, 48, 72, 96]
  .map(
    (x) => `M${x + 12} 2.6l2.9 5.9 6.5.9-4.7 4.6 1.1 6.5-5.8-3.1-5.8 3.1 1.1-6.5-4.7-4.6 6.5-.9z`,
  )
  .join('');

type Props = {
  /** 1 to 5; null without reviews. */
  average?: number | null;
  /** How many reviews; not told where left out. */
  count?: number;
  size?: number;
};

/** What those who have it think of a product, as stars; nothing if nobody has said. */
export function Rating({ average, count, size = 16 }: Props) {
  const { parts } = useTexts();
  const { number, rating } = useFormats();
  if (!average) return null;
  return (
    <span className={styles.rating}>
      <Stars average={average} size={size} />
      <Hidden>{parts.stars(rating(average))}</Hidden>
      {count !== undefined && (
        <span className={styles.count}>
          <span aria-hidden="true">({number(count)})</span>
          <Hidden>, {parts.reviews(count)}</Hidden>
        </span>
      )}
    </span>
  );
}

/** The stars alone; says nothing to who does not see them. */
export function Stars({ average, size = 16 }: { average: number; size?: number }) {
  const box = { viewBox: '0 0 120 24', width: size * 5, height: size };
  return (
    <span className={styles.stars} aria-hidden="true">
      <svg aria-hidden="true" {...box} className={styles.empty}>
        <path d={row} />
      </svg>
      <span className={styles.filled} style={{ width: `${(average / 5) * 100}%` }}>
        <svg aria-hidden="true" {...box}>
          <path d={row} />
        </svg>
      </span>
    </span>
  );
}
