import { expect, test } from '@playwright/test';

import type { Category } from '../../src/admin/catalog';
import {
  dropped,
  indented,
  moved,
  nodes,
  outdented,
  shifted,
} from '../../src/admin/pages/categories/order';

const category = (id: string, ...children: Category[]) => ({ id, name: id, children }) as Category;

// home (kitchen (knives), bath), garden
const tree = [
  category('home', category('kitchen', category('knives')), category('bath')),
  category('garden'),
];
const all = nodes(tree);
const node = (id: string) => {
  const found = all.find((it) => it.category.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
};

test('the tree is read from the top, each with its depth', () => {
  expect(all.map((it) => [it.category.id, it.depth])).toEqual([
    ['home', 0],
    ['kitchen', 1],
    ['knives', 2],
    ['bath', 1],
    ['garden', 0],
  ]);
});

test('buttons move among the others, in and out', () => {
  expect(shifted(node('bath'), -1)).toEqual({ parent_id: 'home', ids: ['bath', 'kitchen'] });
  expect(shifted(node('bath'), 1)).toBeNull();
  expect(indented(node('bath'))).toEqual({ parent_id: 'kitchen', ids: ['knives', 'bath'] });
  expect(indented(node('home'))).toBeNull();
  expect(outdented(node('kitchen'), all)).toEqual({
    parent_id: null,
    ids: ['home', 'kitchen', 'garden'],
  });
  expect(outdented(node('home'), all)).toBeNull();
});

test('what is dropped lands on the level it is dragged to, as far as there is one', () => {
  // Between kitchen's and bath's places: beside them, or below knives.
  expect(dropped(all, 'garden', 'bath', 1)).toEqual({
    parent_id: 'home',
    ids: ['kitchen', 'garden', 'bath'],
  });
  expect(dropped(all, 'garden', 'bath', 9)).toEqual({ parent_id: 'knives', ids: ['garden'] });
  expect(dropped(all, 'garden', 'bath', -3)?.parent_id).toBe('home');
  // At its own place, one level in.
  expect(dropped(all, 'garden', 'garden', 1)).toEqual({
    parent_id: 'home',
    ids: ['kitchen', 'bath', 'garden'],
  });
  expect(dropped(all, 'bath', 'home', 0)).toEqual({
    parent_id: null,
    ids: ['bath', 'home', 'garden'],
  });
});

test('what is below goes along', () => {
  const after = moved(tree, { parent_id: 'garden', ids: ['kitchen'] });
  expect(nodes(after).map((it) => [it.category.id, it.depth])).toEqual([
    ['home', 0],
    ['bath', 1],
    ['garden', 0],
    ['kitchen', 1],
    ['knives', 2],
  ]);
});
