import type { ComponentProps } from 'react';

import { picture } from '../../picture';
import styles from './Picture.module.css';

type Props = Omit<ComponentProps<'img'>, 'src' | 'srcSet' | 'sizes'> & {
  url: string | null | undefined;
  /** How wide it is shown, as in HTML. */
  sizes: string;
  /** Seen without scrolling: does not wait for that. */
  seen?: boolean;
  /** The largest of those: comes before everything else. */
  first?: boolean;
};

/** A square picture on a soft ground; only the ground where there is none. */
export function Picture({ url, sizes, seen, first, alt = '', className = '', ...rest }: Props) {
  return (
    <span className={`${styles.ground} ${className}`}>
      {url && (
        <img
          width={640}
          height={640}
          decoding="async"
          loading={first || seen ? 'eager' : 'lazy'}
          fetchPriority={first ? 'high' : 'auto'}
          alt={alt}
          {...rest}
          {...picture(url, sizes)}
        />
      )}
    </span>
  );
}
