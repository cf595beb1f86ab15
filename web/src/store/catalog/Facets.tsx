/** What else the list could be narrowed by, each with how many would be left. */

import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';

import { major, minor, useFormats } from '../../format';
import { shop } from '../../shop';
import { useLanguage } from '../../texts';
import { Button } from '../parts/Button';
import { TextField } from '../parts/Field';
import { Stars } from '../parts/Rating';
import { Skeleton } from '../parts/Skeleton';
import type { Facets as Data } from '../products';
import { useTexts } from '../texts';
import styles from './Facets.module.css';
import { change, type Filters, hasOption, toggleOption } from './filters';
import { inOrder } from './order';

/** Values of a facet that are shown at once. */
const SHOWN = 6;

type Props = {
  facets: Data | null | undefined;
  filters: Filters;
  category: string | undefined;
  onChange: (next: Filters) => void;
};

export function Facets({ facets, filters, category, onChange }: Props) {
  const { catalog } = useTexts();
  const { locale } = useLanguage();
  if (!facets) return <FacetsSkeleton />;
  const { categories, options, vendors, ratings } = facets;
  const set = (changed: Filters) => onChange(change(filters, changed));
  const prices = facets.price && facets.price.min.amount < facets.price.max.amount;
  // A page of a category shows those below it as links of its own.
  const offered = category ? [] : categories;
  return (
    <div className={styles.facets}>
      {(offered.length > 1 || filters.category) && offered.length > 0 && (
        <Group title={catalog.category}>
          <More shown={SHOWN}>
            {[
              <Choice
                key=""
                radio="category"
                checked={!filters.category}
                onChange={() => set({ category: undefined })}
              >
                {catalog.any}
              </Choice>,
              ...offered.map((it) => (
                <Choice
                  key={it.id}
                  radio="category"
                  checked={filters.category === it.slug}
                  count={it.count}
                  onChange={() => set({ category: it.slug })}
                >
                  {it.name}
                </Choice>
              )),
            ]}
          </More>
        </Group>
      )}
      {(prices || filters.min_price !== undefined || filters.max_price !== undefined) && (
        <PriceRange facets={facets} filters={filters} onChange={set} />
      )}
      {options.map(({ name, values }) => (
        <Group key={name} title={name}>
          <More shown={SHOWN}>
            {inOrder(values, locale).map(({ value, count }) => (
              <Choice
                key={value}
                checked={hasOption(filters, name, value)}
                count={count}
                onChange={() => onChange(toggleOption(filters, name, value))}
              >
                {value}
              </Choice>
            ))}
          </More>
        </Group>
      ))}
      {ratings.some((it) => it.count > 0) && (
        <Group title={catalog.rating}>
          <Choice
            radio="rating"
            checked={!filters.min_rating}
            onChange={() => set({ min_rating: undefined })}
          >
            {catalog.any}
          </Choice>
          {ratings.map(({ min, count }) => (
            <Choice
              key={min}
              radio="rating"
              checked={filters.min_rating === min}
              count={count}
              onChange={() => set({ min_rating: min })}
            >
              <Stars average={min} /> <span>{catalog.ratingAtLeast(min)}</span>
            </Choice>
          ))}
        </Group>
      )}
      {(vendors.length > 1 || filters.vendor) && (
        <Group title={catalog.vendor}>
          <More shown={SHOWN}>
            {[
              <Choice
                key=""
                radio="vendor"
                checked={!filters.vendor}
                onChange={() => set({ vendor: undefined })}
              >
                {catalog.any}
              </Choice>,
              ...vendors.map(({ value, count }) => (
                <Choice
                  key={value}
                  radio="vendor"
                  checked={filters.vendor === value}
                  count={count}
                  onChange={() => set({ vendor: value })}
                >
                  {value}
                </Choice>
              )),
            ]}
          </More>
        </Group>
      )}
      <Group title={catalog.availability}>
        <Choice
          checked={filters.in_stock ?? false}
          count={facets.in_stock}
          onChange={() => set({ in_stock: filters.in_stock ? undefined : true })}
        >
          {catalog.inStock}
        </Choice>
      </Group>
    </div>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className={styles.group}>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

type ChoiceProps = {
  checked: boolean;
  onChange: () => void;
  /** One of several with this name; a box of its own if left out. */
  radio?: string;
  count?: number;
  children: ReactNode;
};

function Choice({ checked, onChange, radio, count, children }: ChoiceProps) {
  const { number } = useFormats();
  return (
    <label className={styles.choice} data-none={count === 0 && !checked}>
      <input
        type={radio ? 'radio' : 'checkbox'}
        name={radio && `facet-${radio}`}
        checked={checked}
        onChange={onChange}
      />
      <span className={styles.text}>{children}</span>
      {count !== undefined && <span className={styles.count}>{number(count)}</span>}
    </label>
  );
}

/** The first few of many, the rest on demand. */
function More({ shown, children }: { shown: number; children: ReactNode[] }) {
  const { catalog } = useTexts();
  const [all, setAll] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The button that had the focus is gone: on with the first of those that came for it.
    if (all) list.current?.querySelectorAll('input')[shown]?.focus();
  }, [all, shown]);
  // Two more are less in the way than a button.
  if (all || children.length <= shown + 2) return <div ref={list}>{children}</div>;
  return (
    <>
      {children.slice(0, shown)}
      <button type="button" className={styles.more} onClick={() => setAll(true)}>
        {catalog.showMore(children.length - shown)}
      </button>
    </>
  );
}

function PriceRange({
  facets,
  filters,
  onChange,
}: {
  facets: Data;
  filters: Filters;
  onChange: (changed: Filters) => void;
}) {
  const { catalog } = useTexts();
  const { money } = useFormats();
  const id = useId();
  const { currency } = shop;
  const text = (amount: number | undefined) =>
    amount === undefined ? '' : String(major({ amount, currency }));
  const [min, setMin] = useState(text(filters.min_price));
  const [max, setMax] = useState(text(filters.max_price));
  const [error, setError] = useState<string>();
  // The range may change from elsewhere too, such as by a chip or by going back.
  const present = `${filters.min_price} ${filters.max_price}`;
  const [before, setBefore] = useState(present);
  if (present !== before) {
    setBefore(present);
    setMin(text(filters.min_price));
    setMax(text(filters.max_price));
  }

  function apply(event: FormEvent) {
    event.preventDefault();
    const from = min.trim() ? minor(min, currency) : undefined;
    const to = max.trim() ? minor(max, currency) : undefined;
    if (from === null || to === null || (from ?? 0) < 0 || (to ?? 0) < 0)
      return setError(catalog.priceInvalid);
    if (from !== undefined && to !== undefined && from > to) return setError(catalog.priceOrder);
    setError(undefined);
    onChange({ min_price: from, max_price: to });
  }

  return (
    <Group title={catalog.price}>
      <form className={styles.price} onSubmit={apply} noValidate>
        <TextField
          label={catalog.priceMin}
          inputMode="decimal"
          value={min}
          placeholder={text(facets.price?.min.amount)}
          aria-describedby={id}
          onChange={(event) => setMin(event.target.value)}
        />
        <TextField
          label={catalog.priceMax}
          inputMode="decimal"
          value={max}
          placeholder={text(facets.price?.max.amount)}
          aria-describedby={id}
          onChange={(event) => setMax(event.target.value)}
        />
        <Button type="submit" look="outline">
          {catalog.apply}
        </Button>
      </form>
      <p id={id} className={styles.hint} data-wrong={!!error} role={error ? 'alert' : undefined}>
        {error ??
          (facets.price && catalog.priceRange(money(facets.price.min), money(facets.price.max)))}
      </p>
    </Group>
  );
}

function FacetsSkeleton() {
  return (
    <div className={styles.facets} aria-busy="true">
      {['5rem', '4rem', '6rem'].map((width) => (
        <div key={width} className={styles.group}>
          <Skeleton width={width} />
          {['80%', '65%', '75%', '50%'].map((it) => (
            <span key={it} className={styles.choice}>
              <Skeleton width={it} />
            </span>
          ))}
        </div>
      ))}
    </div>
  );
}
