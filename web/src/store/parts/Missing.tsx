import { Link } from '@tanstack/react-router';

import { useTexts } from '../texts';
import styles from './Notice.module.css';

/** What is at an address where nothing is. */
export function Missing() {
  const { missing } = useTexts();
  return (
    <section className={styles.notice}>
      <h1>{missing.title}</h1>
      <p>{missing.text}</p>
      <Link to="/">{missing.home}</Link>
    </section>
  );
}
