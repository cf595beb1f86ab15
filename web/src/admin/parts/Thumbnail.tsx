import { IconPhoto } from '@tabler/icons-react';

import { picture } from '../../picture';
import styles from './Thumbnail.module.css';

/** A small picture beside what names it; its place where there is none. */
export function Thumbnail({ url, size = 44 }: { url?: string | null | undefined; size?: number }) {
  return (
    <span className={styles.frame} style={{ width: size, height: size }}>
      {url ? (
        <img
          {...picture(url, `${size}px`)}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          className={styles.picture}
        />
      ) : (
        <IconPhoto size={size / 2} stroke={1.4} aria-hidden />
      )}
    </span>
  );
}
