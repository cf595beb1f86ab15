import { MultiSelect, Select, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';

import { categoryTree, flat } from '../../catalog';
import { useTexts } from '../../texts';
import type { Values } from './model';

/** Whether a product is for sale, and where it is found. */
export function Organization({ form }: { form: UseFormReturnType<Values> }) {
  const { editor: texts } = useTexts();
  const categories = useQuery(categoryTree);
  const all = flat(categories.data ?? []);
  const depths = new Map(all.map(({ category, depth }) => [category.id, depth]));
  return (
    <>
      <Select
        label={texts.status}
        description={texts.statusHints[form.values.status]}
        allowDeselect={false}
        data={Object.entries(texts.statuses).map(([value, label]) => ({ value, label }))}
        {...form.getInputProps('status')}
      />
      <MultiSelect
        label={texts.categories}
        placeholder={form.values.category_ids.length ? '' : texts.categoriesHint}
        searchable
        clearable
        maxValues={50}
        nothingFoundMessage={texts.noCategory}
        data={all.map(({ category }) => ({ value: category.id, label: category.name }))}
        renderOption={({ option }) => (
          <span style={{ paddingInlineStart: `${depths.get(option.value) ?? 0}rem` }}>
            {option.label}
          </span>
        )}
        {...form.getInputProps('category_ids')}
      />
      <TagsInput
        label={texts.tags}
        description={texts.tagsHint}
        maxTags={250}
        splitChars={[',']}
        acceptValueOnBlur
        {...form.getInputProps('tags')}
      />
      <TextInput label={texts.vendor} maxLength={255} {...form.getInputProps('vendor')} />
      <TextInput label={texts.type} maxLength={510} {...form.getInputProps('product_type')} />
    </>
  );
}
