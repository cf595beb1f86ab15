/** The rules of countries as the shop serves them, without one that runs. */

import { readFileSync } from 'node:fs';

import type { Rules } from '../../src/store/address/fields';

const data = new URL('../../../crates/contracts/data/countries.json', import.meta.url);
const all = JSON.parse(readFileSync(data, 'utf8')) as Rules[];

export function rules(country: string): Rules {
  const found = all.find((it) => it.code === country);
  if (!found) throw new Error(`there is no country ${country}`);
  return { ...found, delivered: true };
}

export const codes = all.map((it) => it.code);
