/** The tree of categories: moved with the mouse or the keyboard, added, changed, deleted. */

import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { type Category, categoryTree } from '../../catalog';
import { Empty } from '../../parts/DataTable';
import { ErrorState } from '../../parts/ErrorState';
import { PageHead } from '../../parts/PageHead';
import { useTexts } from '../../texts';
import { CategoryDialog } from './CategoryDialog';
import { Tree } from './Tree';

/** What the dialog is open for: a category, or a new one below another. */
export type Editing = { category: Category } | { parent: Category | null };

export function Categories() {
  const { shell, categories: texts } = useTexts();
  const tree = useQuery(categoryTree);
  const [editing, setEditing] = useState<Editing>();
  const add = (
    <Button
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() => setEditing({ parent: null })}
    >
      {texts.add}
    </Button>
  );
  return (
    <>
      <PageHead title={shell.categories} actions={add} />
      <Stack gap="md" maw={860} mx={0}>
        {tree.data && tree.data.length > 0 && (
          <Text size="sm" c="dimmed">
            {texts.help}
          </Text>
        )}
        {tree.data ? (
          tree.data.length > 0 ? (
            <Tree tree={tree.data} edit={setEditing} />
          ) : (
            <Empty title={texts.none} text={texts.noneText} action={add} />
          )
        ) : tree.error ? (
          <ErrorState error={tree.error} again={() => void tree.refetch()} />
        ) : (
          ['1', '2', '3', '4', '5', '6'].map((it) => <Skeleton key={it} h={48} />)
        )}
      </Stack>
      {editing && (
        <CategoryDialog
          editing={editing}
          tree={tree.data ?? []}
          close={() => setEditing(undefined)}
        />
      )}
    </>
  );
}
