import styles from './Step.module.css';

/** Something goes on that the customer need not do anything about. */
export function Working({ title, text }: { title: string; text: string }) {
  return (
    <section className={`${styles.step} ${styles.working}`}>
      <span className={styles.wheel} aria-hidden="true" />
      <div role="status">
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
    </section>
  );
}
