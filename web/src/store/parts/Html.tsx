import styles from './Html.module.css';

/** A description of the catalogue, which has sanitised it when it was written. Nothing else is HTML. */
export function Html({ html }: { html: string }) {
  return (
    // biome-ignore lint/security/noDangerouslySetInnerHtml: only what the catalogue has sanitised
    <div className={styles.prose} dangerouslySetInnerHTML={{ __html: html }} />
  );
}
