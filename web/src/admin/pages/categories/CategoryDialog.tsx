/** A category's name, address, description and place. */

import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../../api/client';
import { isProblem } from '../../../api/problem';
import { type Category, flat } from '../../catalog';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import type { Editing } from './Categories';
import { nodes } from './order';

type Props = { editing: Editing; tree: Category[]; close: () => void };

export function CategoryDialog({ editing, tree, close }: Props) {
  const { categories: texts, parts, problems } = useTexts();
  const notice = useNotice();
  const queries = useQueryClient();
  const old = 'category' in editing ? editing.category : undefined;
  const parent = 'parent' in editing ? (editing.parent?.id ?? null) : (old?.parent_id ?? null);
  const form = useForm({
    initialValues: {
      name: old?.name ?? '',
      slug: old?.slug ?? '',
      description: old?.description ?? '',
      parent_id: parent,
    },
    validate: { name: (it) => (it.trim() ? null : texts.nameMissing) },
  });
  // It cannot be below itself.
  const own = new Set(old ? nodes([old]).map((it) => it.category.id) : []);
  const places = flat(tree).filter(({ category }) => !own.has(category.id));

  const save = useMutation({
    mutationFn: async (values: typeof form.values) => {
      const slug = values.slug.trim();
      const body = {
        name: values.name.trim(),
        description: values.description,
        parent_id: values.parent_id,
        ...(slug ? { slug } : {}),
      };
      if (!old) {
        const siblings = places.filter(
          ({ category }) => (category.parent_id ?? null) === values.parent_id,
        );
        const position = Math.max(-1, ...siblings.map(({ category }) => category.position)) + 1;
        return await ok(api.POST('/api/v1/categories', { body: { ...body, position } }));
      }
      const params = { path: { id: old.id } };
      const patch = body as Schemas['CategoryPatch'];
      return await ok(api.PATCH('/api/v1/categories/{id}', { params, body: patch }));
    },
    onSuccess: async () => {
      notice.done(parts.saved);
      close();
      await queries.invalidateQueries({ queryKey: ['categories'] });
    },
    onError: (error) => {
      notice.failed(error, form);
      if (isProblem(error, 'slug_taken')) form.setFieldError('slug', problems.slug_taken);
    },
  });

  return (
    <Modal
      opened
      onClose={close}
      title={old ? texts.edit : texts.add}
      closeButtonProps={{ 'aria-label': parts.close }}
    >
      <form noValidate onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <TextInput
            label={texts.name}
            required
            data-autofocus
            maxLength={255}
            {...form.getInputProps('name')}
          />
          <TextInput
            label={texts.slug}
            description={texts.slugHint}
            maxLength={255}
            {...form.getInputProps('slug')}
          />
          <Select
            label={texts.parent}
            placeholder={texts.topLevel}
            clearable
            searchable
            data={places.map(({ category }) => ({ value: category.id, label: category.name }))}
            renderOption={({ option }) => {
              const depth = places.find(({ category }) => category.id === option.value)?.depth ?? 0;
              return <span style={{ paddingInlineStart: `${depth}rem` }}>{option.label}</span>;
            }}
            {...form.getInputProps('parent_id')}
          />
          <Textarea
            label={texts.description}
            description={texts.descriptionHint}
            autosize
            minRows={3}
            maxRows={12}
            maxLength={20_000}
            {...form.getInputProps('description')}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {parts.cancel}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {parts.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
