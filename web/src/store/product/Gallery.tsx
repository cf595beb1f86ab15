/** The pictures of a product: side by side to swipe through, small ones to jump, a large one to look closer. */

import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';

import { FIRST_SIZES, picture } from '../../picture';
import { IconButton } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { Icon } from '../parts/Icon';
import { Picture } from '../parts/Picture';
import { useTexts } from '../texts';
import styles from './Gallery.module.css';

export type Shown = { url: string; alt: string };

type Props = {
  pictures: Shown[];
  /** The one that belongs to the chosen variant; moves there when it changes. */
  wanted: number;
  title: string;
};

export function Gallery({ pictures, wanted, title }: Props) {
  const { product: texts } = useTexts();
  const [at, setAt] = useState(wanted);
  const [large, setLarge] = useState(false);
  const row = useRef<HTMLUListElement>(null);
  const count = pictures.length;

  const go = (to: number, behavior: ScrollBehavior = 'auto') => {
    const place = Math.max(0, Math.min(count - 1, to));
    setAt(place);
    row.current?.scrollTo({ left: place * row.current.clientWidth, behavior });
  };
  // Where it begins, it is at once; from there on it moves.
  const begun = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another wish moves it
  useLayoutEffect(() => {
    go(wanted, begun.current ? 'auto' : 'instant');
    begun.current = true;
  }, [wanted]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || count < 2) return;
    event.preventDefault();
    go(at + step);
  };

  if (count === 0) return <Picture url={null} sizes="50vw" className={styles.picture} />;
  return (
    <section className={styles.gallery} aria-label={texts.images}>
      <div className={styles.frame}>
        <ul
          ref={row}
          className={styles.row}
          tabIndex={count > 1 ? 0 : undefined}
          aria-label={count > 1 ? texts.image(at + 1, count) : undefined}
          onKeyDown={onKeyDown}
          onScroll={({ currentTarget: it }) => setAt(Math.round(it.scrollLeft / it.clientWidth))}
        >
          {pictures.map(({ url, alt }, index) => (
            <li key={url} className={styles.slide}>
              <Picture
                url={url}
                alt={alt || title}
                sizes={FIRST_SIZES}
                first={index === wanted}
                className={styles.picture}
              />
            </li>
          ))}
        </ul>
        <IconButton
          label={texts.enlargeImage}
          className={`${styles.over} ${styles.enlarge}`}
          aria-haspopup="dialog"
          onClick={() => setLarge(true)}
        >
          <Icon name="zoom" />
        </IconButton>
        {count > 1 && (
          <>
            <IconButton
              label={texts.previousImage}
              className={`${styles.over} ${styles.previous}`}
              disabled={at === 0}
              onClick={() => go(at - 1)}
            >
              <Icon name="left" />
            </IconButton>
            <IconButton
              label={texts.nextImage}
              className={`${styles.over} ${styles.next}`}
              disabled={at === count - 1}
              onClick={() => go(at + 1)}
            >
              <Icon name="right" />
            </IconButton>
          </>
        )}
      </div>
      {count > 1 && (
        <ul className={styles.small}>
          {pictures.map(({ url }, index) => (
            <li key={url}>
              <button
                type="button"
                className={styles.jump}
                aria-label={texts.image(index + 1, count)}
                aria-current={index === at}
                onClick={() => go(index)}
              >
                <Picture url={url} sizes="5rem" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Dialog from="full" open={large} onClose={() => setLarge(false)} title={title}>
        {large && <Large pictures={pictures} first={at} title={title} onGo={go} />}
      </Dialog>
    </section>
  );
}

type LargeProps = { pictures: Shown[]; first: number; title: string; onGo: (to: number) => void };

/** One picture as large as the window; arrow keys and buttons lead to the others. */
function Large({ pictures, first, title, onGo }: LargeProps) {
  const { product: texts } = useTexts();
  const [at, setAt] = useState(first);
  const count = pictures.length;
  const shown = pictures[at];
  const go = (to: number) => {
    if (to < 0 || to >= count) return;
    setAt(to);
    onGo(to);
  };
  useEffect(() => {
    const onKey = ({ key }: globalThis.KeyboardEvent) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (step) go(at + step);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  if (!shown) return null;
  return (
    <div className={styles.large}>
      <img key={shown.url} alt={shown.alt || title} {...picture(shown.url, '100vw')} />
      {count > 1 && (
        <div className={styles.turn}>
          <IconButton label={texts.previousImage} disabled={at === 0} onClick={() => go(at - 1)}>
            <Icon name="left" />
          </IconButton>
          <span role="status">{texts.image(at + 1, count)}</span>
          <IconButton
            label={texts.nextImage}
            disabled={at === count - 1}
            onClick={() => go(at + 1)}
          >
            <Icon name="right" />
          </IconButton>
        </div>
      )}
    </div>
  );
}
