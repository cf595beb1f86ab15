import { Link } from '@tanstack/react-router';

import { shop } from '../../shop';
import { useCategories } from '../categories';
import { useTexts } from '../texts';
import styles from './Footer.module.css';
import { Preferences } from './Preferences';

export function Footer() {
  const { shell, findOrder } = useTexts();
  const categories = useCategories();
  return (
    <footer className={styles.footer}>
      <div className={styles.inside}>
        <div className={styles.about}>
          <Link to="/" className={styles.name}>
            {shop.name}
          </Link>
          <p>{shell.tagline}</p>
        </div>
        <nav aria-labelledby="footer-categories">
          <h2 id="footer-categories">{shell.categories}</h2>
          <ul>
            {categories?.map((it) => (
              <li key={it.id}>
                <Link to="/categories/$slug" params={{ slug: it.slug }}>
                  {it.name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <nav aria-labelledby="footer-own">
          <h2 id="footer-own">{shell.accountTitle}</h2>
          <ul>
            <li>
              <Link to="/account/profile">{shell.profile}</Link>
            </li>
            <li>
              <Link to="/account">{shell.orders}</Link>
            </li>
            <li>
              <Link to="/find-order">{findOrder.title}</Link>
            </li>
            <li>
              <Link to="/cart">{shell.cartLabel}</Link>
            </li>
          </ul>
        </nav>
        <section aria-labelledby="footer-preferences">
          <h2 id="footer-preferences">{shell.preferences}</h2>
          <Preferences />
        </section>
      </div>
    </footer>
  );
}
