/** The order in which people expect the values of an option. */

const sizes = ['XXS', 'XS', 'S', 'M', 'L', 'XL', 'XXL', 'XXXL', '2XL', '3XL', '4XL', '5XL'];

/** Sizes from small to large, numbers by what they count, the rest by alphabet. */
export function inOrder<T extends { value: string }>(values: T[], locale: string): T[] {
  const size = ({ value }: T) => sizes.indexOf(value.toUpperCase());
  const { compare } = new Intl.Collator(locale, { numeric: true });
  return [...values].sort((a, b) =>
    size(a) >= 0 && size(b) >= 0 ? size(a) - size(b) : compare(a.value, b.value),
  );
}
