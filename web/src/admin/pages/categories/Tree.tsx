/** The tree as a list to be sorted: sideways goes in and out, up and down among the others. */

import {
  closestCenter,
  DndContext,
  type DragMoveEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { ActionIcon, Menu, Text } from '@mantine/core';
import {
  IconArrowDown,
  IconArrowUp,
  IconDots,
  IconGripVertical,
  IconIndentDecrease,
  IconIndentIncrease,
  IconPencil,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { api, ok } from '../../../api/client';
import { type Category, categoryTree } from '../../catalog';
import { useConfirm } from '../../parts/confirm';
import { useNotice } from '../../parts/notice';
import { useAnnouncements } from '../../parts/sorting';
import { useTexts } from '../../texts';
import type { Editing } from './Categories';
import { dropped, indented, type Move, moved, type Node, nodes, outdented, shifted } from './order';
import styles from './Tree.module.css';

/** Pixels to the side that are one level. */
const STEP = 24;

type Props = { tree: Category[]; edit: (editing: Editing) => void };

export function Tree({ tree, edit }: Props) {
  const { categories: texts } = useTexts();
  const notice = useNotice();
  const queries = useQueryClient();
  const all = useMemo(() => nodes(tree), [tree]);
  const [dragged, setDragged] = useState<string>();
  const [aside, setAside] = useState(0);
  const shown = visible(all, dragged);
  const ids = shown.map((it) => it.category.id);

  const reorder = useMutation({
    mutationFn: (move: Move) => ok(api.POST('/api/v1/categories/reorder', { body: move })),
    onMutate: async (move) => {
      await queries.cancelQueries(categoryTree);
      const before = queries.getQueryData(categoryTree.queryKey);
      queries.setQueryData(categoryTree.queryKey, (now) => now && moved(now, move));
      return before;
    },
    onError: (error, _, before) => {
      queries.setQueryData(categoryTree.queryKey, before);
      notice.failed(error);
    },
    onSuccess: () => notice.done(texts.moved),
    onSettled: () => queries.invalidateQueries({ queryKey: ['categories'] }),
  });
  const go = (move: Move | null) => {
    if (move) reorder.mutate(move);
  };

  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const name = (id: unknown) => all.find((it) => it.category.id === id)?.category.name ?? '';
  const accessibility = useAnnouncements(name, (id) => ids.indexOf(String(id)) + 1, ids.length);
  const end = () => {
    setDragged(undefined);
    setAside(0);
  };

  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      accessibility={accessibility}
      onDragStart={({ active }) => setDragged(String(active.id))}
      onDragMove={({ delta }: DragMoveEvent) => setAside(Math.round(delta.x / STEP))}
      onDragCancel={end}
      onDragEnd={({ active, over }) => {
        end();
        const node = all.find((it) => it.category.id === active.id);
        if (!over || !node) return;
        const depth = node.depth + aside;
        if (active.id === over.id && aside === 0) return;
        go(dropped(all, String(active.id), String(over.id), depth));
      }}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        <ul className={styles.tree} aria-label={texts.order}>
          {shown.map((node) => (
            <Row
              key={node.category.id}
              node={node}
              all={all}
              depth={node.depth + (node.category.id === dragged ? aside : 0)}
              go={go}
              edit={edit}
            />
          ))}
        </ul>
      </SortableContext>
    </DndContext>
  );
}

/** What is below the dragged one goes with it. */
function visible(all: Node[], dragged: string | undefined): Node[] {
  const node = all.find((it) => it.category.id === dragged);
  if (!node) return all;
  const below = new Set(nodes(node.category.children ?? []).map((it) => it.category.id));
  return all.filter((it) => !below.has(it.category.id));
}

type RowProps = {
  node: Node;
  all: Node[];
  depth: number;
  go: (move: Move | null) => void;
  edit: (editing: Editing) => void;
};

function Row({ node, all, depth, go, edit }: RowProps) {
  const { categories: texts } = useTexts();
  const { category } = node;
  const sortable = useSortable({ id: category.id });
  return (
    <li
      ref={sortable.setNodeRef}
      className={styles.row}
      data-dragging={sortable.isDragging || undefined}
      style={{
        transform: CSS.Translate.toString(sortable.transform),
        transition: sortable.transition,
        marginInlineStart: Math.max(0, depth) * STEP,
      }}
    >
      <ActionIcon
        {...sortable.attributes}
        {...sortable.listeners}
        ref={sortable.setActivatorNodeRef}
        variant="subtle"
        color="gray"
        c="dimmed"
        size={32}
        className={styles.grip}
        aria-label={texts.move(category.name)}
      >
        <IconGripVertical size={18} aria-hidden />
      </ActionIcon>
      <div className={styles.name}>
        <Text fw={500} truncate>
          {category.name}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {node.parent ? texts.in(node.parent.name) : texts.topLevel} · /{category.slug}
        </Text>
      </div>
      <Actions node={node} all={all} go={go} edit={edit} />
    </li>
  );
}

function Actions({ node, all, go, edit }: Omit<RowProps, 'depth'>) {
  const { categories: texts, parts } = useTexts();
  const notice = useNotice();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const { category } = node;
  const children = category.children?.length ?? 0;
  const remove = useMutation({
    mutationFn: () =>
      ok(api.DELETE('/api/v1/categories/{id}', { params: { path: { id: category.id } } })),
    onSuccess: () => notice.done(texts.deleted(category.name)),
    onError: (error) => notice.failed(error),
    onSettled: () => queries.invalidateQueries({ queryKey: ['categories'] }),
  });
  const moves = [
    { name: texts.moveUp, icon: IconArrowUp, move: shifted(node, -1) },
    { name: texts.moveDown, icon: IconArrowDown, move: shifted(node, 1) },
    {
      name: texts.moveInto(node.siblings[node.at - 1]?.name),
      icon: IconIndentIncrease,
      move: indented(node),
    },
    {
      name: texts.moveOut(node.parent?.name),
      icon: IconIndentDecrease,
      move: outdented(node, all),
    },
  ];
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        c="inherit"
        size={32}
        aria-label={texts.editOf(category.name)}
        onClick={() => edit({ category })}
      >
        <IconPencil size={18} aria-hidden />
      </ActionIcon>
      <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="inherit"
            size={32}
            aria-label={texts.actionsOf(category.name)}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {moves.map(({ name, icon: Icon, move }) => (
            <Menu.Item
              key={name}
              disabled={!move}
              leftSection={<Icon size={16} aria-hidden />}
              onClick={() => go(move)}
            >
              {name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => edit({ parent: category })}
          >
            {texts.addSubcategory}
          </Menu.Item>
          <Menu.Item
            c="var(--mantine-color-error)"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={async () => {
              if (children > 0)
                return notice.wrong(texts.hasSubcategories(category.name, children));
              const sure = await confirm({
                title: texts.deleteTitle(category.name),
                text: texts.deleteText,
                yes: parts.delete,
                danger: true,
              });
              if (sure) remove.mutate();
            }}
          >
            {parts.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
