import styles from './Skeleton.module.css';

type Props = {
  /** CSS lengths; a line of text as wide as its place unless given. */
  width?: string;
  height?: string;
  /** A square as wide as its place, for a picture. */
  square?: boolean;
};

/** The place of what is still coming. */
export function Skeleton({ width = '100%', height = '1lh', square = false }: Props) {
  return (
    <span
      aria-hidden="true"
      className={styles.skeleton}
      style={square ? { width, aspectRatio: '1' } : { width, height }}
    />
  );
}
