/** A category's name, address, description and place. */

import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, ok, type Schemas } from '../../../api/client';
import { isProblem } from '../../../api/problem';
import { type Category, flat } from '../../catalog';
import { type Conflict, changedFields, changedSince, ifMatch, rebasedFields } from '../../conflict';
import { ConflictDialog } from '../../parts/ConflictDialog';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import type { Editing } from './Categories';
import { nodes } from './order';

type Props = { editing: Editing; tree: Category[]; close: () => void };

type Values = { name: string; slug: string; description: string; parent_id: string | null };
type Job = { values: Values; before: Values; version: number | undefined };

const nothing = { name: '', slug: '', description: '' };

const valuesOf = ({ name, slug, description, parent_id }: Category): Values => ({
  name,
  slug,
  description,
  parent_id: parent_id ?? null,
});

export function CategoryDialog({ editing, tree, close }: Props) {
  const { categories: texts, parts, problems } = useTexts();
  const notice = useNotice();
  const queries = useQueryClient();
  const old = 'category' in editing ? editing.category : undefined;
  const parent = 'parent' in editing ? (editing.parent?.id ?? null) : null;
  // What was read when the form was filled, or since.
  const [stored, setStored] = useState(old);
  const before = old ? valuesOf(stored ?? old) : { ...nothing, parent_id: parent };
  const form = useForm<Values>({
    initialValues: before,
    validate: { name: (it) => (it.trim() ? null : texts.nameMissing) },
  });
  // It cannot be below itself.
  const own = new Set(old ? nodes([old]).map((it) => it.category.id) : []);
  const places = flat(tree).filter(({ category }) => !own.has(category.id));

  const [conflict, setConflict] = useState<Conflict>();
  const words: Record<string, string> = {
    name: texts.name,
    slug: texts.slug,
    description: texts.description,
    parent_id: texts.parent,
  };
  const save = useMutation({
    mutationFn: async ({ values, before, version }: Job) => {
      const typed = { ...values, name: values.name.trim(), slug: values.slug.trim() };
      if (!old) {
        const { slug, ...rest } = typed;
        const siblings = places.filter(
          ({ category }) => (category.parent_id ?? null) === values.parent_id,
        );
        const position = Math.max(-1, ...siblings.map(({ category }) => category.position)) + 1;
        const body = { ...rest, ...(slug ? { slug } : {}), position };
        return await ok(api.POST('/api/v1/categories', { body }));
      }
      const { slug, ...rest } = changedFields(before, typed);
      const patch = { ...rest, ...(slug ? { slug } : {}) } as Schemas['CategoryPatch'];
      const params = { path: { id: old.id } };
      return await ok(
        api.PATCH('/api/v1/categories/{id}', { params, body: patch, ...ifMatch(version) }),
      );
    },
    onSuccess: async () => {
      notice.done(parts.saved);
      close();
      await queries.invalidateQueries({ queryKey: ['categories'] });
    },
    onError: (error) => {
      const meanwhile = changedSince(error);
      if (meanwhile) return setConflict(meanwhile);
      notice.failed(error, form);
      if (isProblem(error, 'slug_taken')) form.setFieldError('slug', problems.slug_taken);
    },
  });

  /** The category as it is now, with what was typed on top; saved at once, if that is wanted. */
  const settle = useMutation({
    mutationFn: async (_: { again: boolean }) =>
      await ok(api.GET('/api/v1/categories/{id}', { params: { path: { id: old?.id ?? '' } } })),
    onSuccess: (now, { again }) => {
      const theirs = valuesOf(now);
      const values = rebasedFields(before, form.getValues(), theirs);
      setStored(now);
      form.setValues(values);
      setConflict(undefined);
      if (again) save.mutate({ values, before: theirs, version: now.version });
    },
    onError: (error) => notice.failed(error),
  });

  return (
    <Modal
      opened
      onClose={close}
      title={old ? texts.edit : texts.add}
      closeButtonProps={{ 'aria-label': parts.close }}
    >
      <form
        noValidate
        onSubmit={form.onSubmit((values) =>
          save.mutate({ values, before, version: stored?.version }),
        )}
      >
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
      <ConflictDialog
        conflict={conflict}
        name={(field) => words[field] ?? field}
        mine={(field) => field in changedFields(before, form.values)}
        busy={settle.isPending}
        load={() => settle.mutate({ again: false })}
        overwrite={() => settle.mutate({ again: true })}
        close={() => setConflict(undefined)}
      />
    </Modal>
  );
}
