import { useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { Empty } from '../catalog/Empty';
import { Listing } from '../catalog/Listing';
import { categoryBySlug, useCategoriesBelow } from '../categories';
import { Breadcrumbs } from '../parts/Breadcrumbs';
import { Html } from '../parts/Html';
import { useTexts } from '../texts';
import { useTitle } from '../useTitle';
import styles from './CategoryPage.module.css';

const route = getRouteApi('/categories/$slug');

export function CategoryPage() {
  const { catalog } = useTexts();
  const { slug } = route.useParams();
  const filters = route.useSearch();
  const { data: category } = useSuspenseQuery(categoryBySlug(slug));
  const below = useCategoriesBelow(category.id);
  useTitle(category.name);
  return (
    <>
      <Breadcrumbs path={category.path.slice(0, -1)} here={category.name} />
      <h1 className={styles.title}>{category.name}</h1>
      {category.description && (
        <div className={styles.text}>
          <Html html={category.description} />
        </div>
      )}
      {below.length > 0 && (
        <nav aria-label={catalog.subcategories(category.name)} className={styles.below}>
          <ul>
            {below.map((it) => (
              <li key={it.id}>
                <Link to="/categories/$slug" params={{ slug: it.slug }}>
                  {it.name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      )}
      <Listing key={slug} filters={filters} category={slug} empty={<Empty filters={filters} />} />
    </>
  );
}
