import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { ButtonLink } from '../parts/Button';
import { ProductRow } from '../parts/ProductRow';
import { popularProducts } from '../products';
import { useTexts } from '../texts';
import styles from './Empty.module.css';
import { active, type Filters, unfiltered } from './filters';

/** Nothing was found; what may help. */
export function Empty({ filters }: { filters: Filters }) {
  const { catalog } = useTexts();
  const popular = useQuery(popularProducts);
  const narrowed = active(filters).length > 0;
  return (
    <>
      <section className={styles.empty}>
        <h2>{filters.search ? catalog.noResults(filters.search) : catalog.noMatches}</h2>
        <ul className={styles.hints}>
          {narrowed && <li>{catalog.hintFilters}</li>}
          {filters.search && <li>{catalog.hintSpelling}</li>}
          {filters.search && <li>{catalog.hintWords}</li>}
        </ul>
        <div className={styles.ways}>
          {narrowed && (
            <ButtonLink to="." search={unfiltered(filters)}>
              {catalog.clearFilters}
            </ButtonLink>
          )}
          {filters.search && (
            <Link to="/search" search={{ sort: 'popular' }}>
              {catalog.viewAll}
            </Link>
          )}
        </div>
      </section>
      <ProductRow title={catalog.popular} products={popular} />
    </>
  );
}
