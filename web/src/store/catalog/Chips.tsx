import { useFormats } from '../../format';
import { shop } from '../../shop';
import { Icon } from '../parts/Icon';
import type { Facets } from '../products';
import { useTexts } from '../texts';
import styles from './Chips.module.css';
import { type Active, type Filters, unfiltered } from './filters';

type Props = {
  active: Active[];
  filters: Filters;
  facets: Facets | null | undefined;
  onChange: (next: Filters) => void;
};

/** What narrows the list, each to be taken away. */
export function Chips({ active, filters, facets, onChange }: Props) {
  const { catalog } = useTexts();
  const text = useChipText(filters, facets);
  if (active.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label={catalog.activeFilters}>
      {active.map((it) => (
        <li key={it.key}>
          <button
            type="button"
            className={styles.chip}
            aria-label={catalog.removeFilter(text(it))}
            onClick={() => onChange(it.without)}
          >
            {text(it)}
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
      {active.length > 1 && (
        <li>
          <button
            type="button"
            className={styles.all}
            onClick={() => onChange(unfiltered(filters))}
          >
            {catalog.clearFilters}
          </button>
        </li>
      )}
    </ul>
  );
}

function useChipText({ min_price, max_price }: Filters, facets: Facets | null | undefined) {
  const { catalog } = useTexts();
  const { money } = useFormats();
  const price = (amount: number | undefined) =>
    amount === undefined ? undefined : money({ amount, currency: shop.currency });
  return ({ kind, value }: Active): string => {
    switch (kind) {
      case 'category':
        return facets?.categories.find((it) => it.slug === value)?.name ?? value;
      case 'price':
        return catalog.priceBetween(price(min_price), price(max_price));
      case 'rating':
        return catalog.ratingAtLeast(Number(value));
      case 'stock':
        return catalog.inStock;
      case 'option':
      case 'vendor':
        return value;
    }
  };
}
