import { useTexts } from '../texts';
import { useTitle } from '../useTitle';
import { ButtonLink } from './Button';
import styles from './Notice.module.css';

/** What is at an address where nothing is. */
export function Missing() {
  const { missing } = useTexts();
  useTitle(missing.title);
  return (
    <section className={styles.notice}>
      <h1>{missing.title}</h1>
      <p>{missing.text}</p>
      <ButtonLink to="/">{missing.goHome}</ButtonLink>
    </section>
  );
}
