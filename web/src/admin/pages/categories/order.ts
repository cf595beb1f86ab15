/** Where categories are in the tree and where they can go. Nothing here talks to the shop. */

import { arrayMove } from '@dnd-kit/sortable';

import type { Category } from '../../catalog';

/** Levels the shop allows. */
export const MAX_DEPTH = 10;

export type Node = {
  category: Category;
  depth: number;
  /** Its place among its siblings, from 0. */
  at: number;
  siblings: Category[];
  parent: Category | null;
};

/** The children of one parent in their new order. */
export type Move = { parent_id: string | null; ids: string[] };

export function nodes(tree: Category[], parent: Category | null = null, depth = 0): Node[] {
  return tree.flatMap((category, at) => [
    { category, depth, at, siblings: tree, parent },
    ...nodes(category.children ?? [], category, depth + 1),
  ]);
}

const ids = (all: Category[]) => all.map((it) => it.id);

/** One place up or down among its siblings. */
export function shifted({ siblings, parent, at }: Node, by: -1 | 1): Move | null {
  const to = at + by;
  if (to < 0 || to >= siblings.length) return null;
  return { parent_id: parent?.id ?? null, ids: arrayMove(ids(siblings), at, to) };
}

/** Below the sibling before it, as the last one. */
export function indented({ category, siblings, at, depth }: Node): Move | null {
  const before = siblings[at - 1];
  if (!before || depth + height(category) >= MAX_DEPTH) return null;
  return { parent_id: before.id, ids: [...ids(before.children ?? []), category.id] };
}

/** Out of its parent, right after it. */
export function outdented(node: Node, all: Node[]): Move | null {
  const parent = all.find((it) => it.category.id === node.parent?.id);
  if (!parent) return null;
  const beside = ids(parent.siblings);
  beside.splice(parent.at + 1, 0, node.category.id);
  return { parent_id: parent.parent?.id ?? null, ids: beside };
}

/**
 * Where a category lands that is dropped on the place of another, `depth` levels in: the tree as it
 * is read from the top tells between which two it comes, and the depth below which of those above.
 */
export function dropped(all: Node[], id: string, over: string, depth: number): Move | null {
  const moved = all.find((it) => it.category.id === id);
  if (!moved) return null;
  const below = new Set(nodes([moved.category]).map((it) => it.category.id));
  const rest = all.filter((it) => it.category.id === id || !below.has(it.category.id));
  const from = rest.findIndex((it) => it.category.id === id);
  const to = rest.findIndex((it) => it.category.id === over);
  if (to < 0) return null;
  const order = arrayMove(rest, from, to);
  const before = order[to - 1];
  const level = fitting(depth, before?.depth, order[to + 1]?.depth);
  if (level + height(moved.category) > MAX_DEPTH) return null;
  // The nearest one above that is one level up is the parent.
  const above = order.slice(0, to);
  const parent = level === 0 ? null : above.findLast((it) => it.depth === level - 1)?.category;
  if (parent === undefined) return null;
  const parent_id = parent?.id ?? null;
  const kept = order
    .filter((it) => it.category.id === id || (it.parent?.id ?? null) === parent_id)
    .map((it) => it.category.id);
  return { parent_id, ids: kept };
}

/** The level nearest to the wish that is possible between these two. */
export function fitting(wish: number, before: number | undefined, after: number | undefined) {
  const most = before === undefined ? 0 : before + 1;
  const least = after ?? 0;
  return Math.max(Math.min(wish, most), Math.min(least, most), 0);
}

/** Levels of a category and what is below it. */
function height(category: Category): number {
  return 1 + Math.max(0, ...(category.children ?? []).map(height));
}

/** The tree after a move, shown until the shop has answered. */
export function moved(tree: Category[], { parent_id, ids }: Move): Category[] {
  const known = new Map(nodes(tree).map((it) => [it.category.id, it.category]));
  const going = new Set(ids);
  const write = (all: Category[], parent: string | null): Category[] => {
    const children =
      parent === parent_id
        ? ids.flatMap((id) => known.get(id) ?? [])
        : all.filter((it) => !going.has(it.id));
    return children.map((it) => ({ ...it, children: write(it.children ?? [], it.id) }));
  };
  return write(tree, null);
}
