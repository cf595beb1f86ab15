import { Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { isProblem } from '../../../api/problem';
import { useMay } from '../../may';
import { FormDialog } from '../../parts/FormDialog';
import { useExplain, useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import { createUser, STAFF_PERMISSIONS } from '../../users';
import { type Access, AccessFields } from './AccessFields';

type Form = { name: string; email: string; phone: string; password: string; access: Access };

/** Makes an account for somebody, most often a colleague. */
export function NewUserDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { customers, login, parts } = useTexts();
  const notice = useNotice();
  const explain = useExplain();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const may = useMay();
  const form = useForm<Form>({
    initialValues: {
      name: '',
      email: '',
      phone: '',
      password: '',
      access: { roles: ['staff'], permissions: STAFF_PERMISSIONS.filter(may) },
    },
    validate: {
      name: (it) => (it.trim() ? null : login.required),
      email: (it) => (it.trim() ? null : login.required),
      password: (it) => (it.length >= 8 ? null : customers.passwordShort),
    },
  });
  const creating = useMutation({
    mutationFn: ({ access, ...it }: Form) =>
      createUser({
        name: it.name.trim(),
        email: it.email.trim(),
        password: it.password,
        active: true,
        roles: access.roles,
        ...(it.phone.trim() && { phone: it.phone.trim() }),
        ...(restricted(access) && { permissions: access.permissions }),
      }),
    onSuccess: async (user) => {
      void queries.invalidateQueries({ queryKey: ['users'] });
      notice.done(customers.added(user.name));
      close();
      await navigate({ to: '/customers/$id', params: { id: user.id } });
    },
    onError: (error) => {
      if (!isProblem(error)) return;
      form.setErrors(error.fields);
      if (error.code === 'email_taken') form.setFieldError('email', explain(error));
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (!opened) return;
    form.reset();
    creating.reset();
  }, [opened]);
  return (
    <FormDialog
      title={customers.add}
      size="lg"
      opened={opened}
      close={close}
      yes={customers.create}
      busy={creating.isPending}
      disabled={form.values.access.roles.length === 0}
      error={creating.error}
      problem={
        Object.keys(form.errors).length > 0 && creating.error ? parts.checkFields : undefined
      }
      onSubmit={() => {
        if (!form.validate().hasErrors) creating.mutate(form.values);
      }}
    >
      <Stack gap="sm">
        <TextInput
          data-autofocus
          required
          label={customers.name}
          maxLength={200}
          autoComplete="off"
          {...form.getInputProps('name')}
        />
        <Group grow align="start" gap="sm" preventGrowOverflow={false}>
          <TextInput
            required
            type="email"
            label={customers.email}
            maxLength={254}
            miw="14rem"
            autoComplete="off"
            {...form.getInputProps('email')}
          />
          <TextInput
            type="tel"
            label={customers.phone}
            maxLength={32}
            miw="10rem"
            autoComplete="off"
            {...form.getInputProps('phone')}
          />
        </Group>
        <PasswordInput
          required
          label={customers.password}
          description={customers.passwordHelp}
          maxLength={128}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': customers.showPassword }}
          {...form.getInputProps('password')}
        />
        <AccessFields
          value={form.values.access}
          set={(access) => form.setFieldValue('access', access)}
        />
      </Stack>
    </FormDialog>
  );
}

/** Whether somebody is to have other permissions than staff have anyway. */
function restricted({ roles, permissions }: Access): boolean {
  if (!roles.includes('staff') || roles.includes('admin')) return false;
  return (
    permissions.length !== STAFF_PERMISSIONS.length ||
    permissions.some((it) => !STAFF_PERMISSIONS.includes(it))
  );
}
