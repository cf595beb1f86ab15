/** A weight as it is read in a locale, in the unit the shop thinks in. */

const units: Record<string, [unit: string, grams: number]> = {
  g: ['gram', 1],
  kg: ['kilogram', 1000],
  oz: ['ounce', 28.349523125],
  lb: ['pound', 453.59237],
};

export function weight(grams: number, unit: string, locale: string): string {
  // Less than a kilogram is told in grams.
  const small = unit === 'kg' && grams < 1000;
  const [name, one] = units[small ? 'g' : unit] ?? ['gram', 1];
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: name,
    maximumFractionDigits: 2,
  }).format(grams / one);
}
