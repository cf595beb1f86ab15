/** What addresses say that lists are narrowed to. Nonsense is left out. */

/** The router reads what looks like a number as one. */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function oneOf<T extends string>(words: readonly T[], value: unknown): T | undefined {
  return words.find((it) => it === value);
}

export function day(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) ? value : undefined;
}
