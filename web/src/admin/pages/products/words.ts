/** The shop's names of a product's fields, in words. */

import type { Texts } from '../../texts';
import { place, type Values } from './model';

/** `title`, `variants[TEE-S].price` as people call them. */
export function named(texts: Texts['editor'], field: string): string {
  const [, sku, part] = /^variants\[(.+)\](?:\.(\w+))?/.exec(field) ?? [];
  if (sku !== undefined) {
    const fields: Record<string, string> = texts.fields;
    const name = (part && (fields[part] ?? texts.parts[part as keyof typeof texts.parts])) || part;
    return name ? texts.fieldOf(name, sku) : `${texts.variant} ${sku}`;
  }
  const [first = field] = field.split(/[.[]/);
  const words: Record<string, string> = { ...texts.fields, ...texts.parts };
  return words[first] ?? field;
}

/** Whether the field has been changed in the form too. */
export function typedInto(field: string, before: Values, now: Values): boolean {
  const [first = ''] = field.split(/[.[]/);
  const key = { categories: 'category_ids' }[first] ?? first;
  if (!field.startsWith('variants[')) {
    if (!(key in now)) return false;
    const name = key as keyof Values;
    return JSON.stringify(before[name]) !== JSON.stringify(now[name]);
  }
  const [, at, part] = /^variants\.(-?\d+)\.?(\w*)/.exec(place(field, [], now.variants)) ?? [];
  const mine = now.variants[Number(at)];
  const old = before.variants.find((it) => it.id !== undefined && it.id === mine?.id);
  if (!mine || !old) return false;
  if (!part) return JSON.stringify(mine) !== JSON.stringify(old);
  const name = part as keyof typeof mine;
  return JSON.stringify(mine[name]) !== JSON.stringify(old[name]);
}
