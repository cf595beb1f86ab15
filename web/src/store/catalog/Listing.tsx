/** A list of products with all that narrows and orders it; the address says what is shown. */

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import { isProblem } from '../../api/problem';
import { announce } from '../announce';
import { Button } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { SelectField } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { Note } from '../parts/Note';
import { Pager } from '../parts/Pager';
import { ProductGrid } from '../parts/ProductGrid';
import { Skeleton } from '../parts/Skeleton';
import { type Facets as FacetsData, productList } from '../products';
import { useTexts } from '../texts';
import { useMedia } from '../useMedia';
import { Chips } from './Chips';
import { Facets } from './Facets';
import { active, change, type Filters, type Sort, sorts } from './filters';
import styles from './Listing.module.css';
import { steady } from './steady';

type Props = {
  filters: Filters;
  /** The category whose page this is. */
  category?: string;
  /** What is shown if there is nothing to show. */
  empty: ReactNode;
};

export function Listing({ filters, category, empty }: Props) {
  const { catalog, parts } = useTexts();
  const navigate = useNavigate();
  const wide = useMedia('(min-width: 60rem)');
  const [open, setOpen] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const query = useQuery({
    ...productList(category ? { ...filters, category } : filters),
    throwOnError: (error) => !isLost(error),
  });
  const { data, isPlaceholderData: old } = query;
  const total = data?.total ?? undefined;
  const narrowed = active(filters);
  const { cursor } = filters;
  const facetsShown = useSteady(`${category}\n${filters.search}`, old ? undefined : data?.facets);
  const partial = data?.partial === true && filters.search !== undefined;

  useEffect(() => {
    if (total === undefined || old) return;
    const count = catalog.count(total);
    announce(cursor ? `${count}, ${parts.further}` : count);
    if (partial) announce(catalog.partial);
  }, [total, old, cursor, partial, catalog, parts]);

  const show = (next: Filters) => void navigate({ to: '.', search: next, resetScroll: false });

  // The list has become shorter, or the address is of another list or made up: back to its first page.
  const beyond =
    cursor !== undefined && (isLost(query.error) || (!old && data?.items.length === 0));
  useEffect(() => {
    if (beyond) void navigate({ to: '.', search: change(filters, {}), state: {}, replace: true });
  }, [beyond, filters, navigate]);

  const facets = (
    <Facets facets={facetsShown} filters={filters} category={category} onChange={show} />
  );
  return (
    <div className={styles.listing}>
      {wide && (
        <aside className={styles.side} aria-label={catalog.filters}>
          {facets}
        </aside>
      )}
      <div className={styles.results}>
        <div className={styles.bar}>
          <h2 ref={heading} className={styles.total} tabIndex={-1}>
            {total === undefined ? <Skeleton width="6rem" /> : catalog.count(total)}
          </h2>
          {!wide && (
            <Button
              look="outline"
              className={styles.narrow}
              aria-haspopup="dialog"
              onClick={() => setOpen(true)}
            >
              <Icon name="filter" />
              {narrowed.length > 0 ? catalog.filtersActive(narrowed.length) : catalog.filters}
            </Button>
          )}
          <SelectField
            className={styles.sort}
            label={catalog.sort}
            value={filters.sort ?? ''}
            onChange={(event) =>
              show(change(filters, { sort: (event.target.value as Sort) || undefined }))
            }
          >
            <option value="">
              {filters.search ? catalog.sorts.relevance : catalog.sorts.newest}
            </option>
            {sorts
              .filter((it) => it !== 'newest' || filters.search)
              .map((it) => (
                <option key={it} value={it}>
                  {catalog.sorts[it]}
                </option>
              ))}
          </SelectField>
        </div>
        <Chips
          active={narrowed}
          filters={filters}
          facets={facetsShown}
          onChange={(next) => {
            show(next);
            // The button that was pressed will be gone.
            heading.current?.focus();
          }}
        />
        {partial && <Note kind="plain">{catalog.partial}</Note>}
        {data?.items.length === 0 && !beyond ? (
          empty
        ) : (
          <div className={old ? styles.old : undefined} aria-busy={!data || old}>
            <ProductGrid products={data?.items} places={12} seen={wide ? 6 : 4} />
          </div>
        )}
        {!old && <Pager cursor={cursor} next={data?.next_cursor} />}
      </div>
      {!wide && (
        <Dialog
          from="right"
          open={open}
          onClose={() => setOpen(false)}
          title={catalog.filters}
          footer={
            <Button className={styles.done} onClick={() => setOpen(false)}>
              {catalog.showProducts(total ?? 0)}
            </Button>
          }
        >
          {facets}
        </Dialog>
      )}
    </div>
  );
}

/** The API knows no page that begins there. */
function isLost(error: unknown): boolean {
  return isProblem(error) && error.status < 500 && 'cursor' in error.fields;
}

/** The facets of the latest answer, in the places they have had since the list is about the same. */
function useSteady(about: string, now: FacetsData | null | undefined) {
  const [shown, setShown] = useState<{ about: string; from: FacetsData; facets: FacetsData }>();
  if (now && (shown?.about !== about || shown.from !== now)) {
    const facets = shown?.about === about ? steady(shown.facets, now) : now;
    setShown({ about, from: now, facets });
    return facets;
  }
  return shown?.facets;
}
