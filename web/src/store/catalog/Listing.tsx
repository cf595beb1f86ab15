/** A list of products with all that narrows and orders it; the address says what is shown. */

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import { announce } from '../announce';
import { Button } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { SelectField } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { Pager } from '../parts/Pager';
import { ProductGrid } from '../parts/ProductGrid';
import { Skeleton } from '../parts/Skeleton';
import { productList } from '../products';
import { list } from '../questions';
import { useTexts } from '../texts';
import { useMedia } from '../useMedia';
import { Chips } from './Chips';
import { Facets } from './Facets';
import { active, change, type Filters, type Sort, sorts } from './filters';
import styles from './Listing.module.css';

/** The last page the API counts to. */
const LAST = Math.floor(10_000 / list.limit);

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
    throwOnError: true,
  });
  const { data, isPlaceholderData: old } = query;
  const total = data?.total ?? undefined;
  const narrowed = active(filters);
  const page = filters.page ?? 1;

  useEffect(() => {
    if (total === undefined || old) return;
    announce(
      page > 1 ? `${catalog.count(total)}, ${parts.page(String(page))}` : catalog.count(total),
    );
  }, [total, old, page, catalog, parts]);

  const show = (next: Filters) => void navigate({ to: '.', search: next, resetScroll: false });

  const last = Math.min(Math.ceil((total ?? 0) / list.limit), LAST);
  // The list has become shorter, or the address was made up: there is no such page.
  const beyond = total !== undefined && !old && page > 1 && page > last;
  useEffect(() => {
    if (beyond) void navigate({ to: '.', search: change(filters, {}), replace: true });
  }, [beyond, filters, navigate]);

  const facets = (
    <Facets facets={data?.facets} filters={filters} category={category} onChange={show} />
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
          facets={data?.facets}
          onChange={(next) => {
            show(next);
            // The button that was pressed will be gone.
            heading.current?.focus();
          }}
        />
        {data?.items.length === 0 ? (
          empty
        ) : (
          <div className={old ? styles.old : undefined} aria-busy={!data || old}>
            <ProductGrid products={data?.items} places={12} seen={wide ? 6 : 4} />
          </div>
        )}
        <Pager page={page} last={last} />
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
