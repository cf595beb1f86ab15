/** Sends a template with sample data to somebody of the staff, as a mailbox is the best preview. */

import { Alert, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { isProblem } from '../../../api/problem';
import { useUser } from '../../../api/useUser';
import type { Language } from '../../../texts';
import { delivers, messageProvidersQuery } from '../../messages';
import { FormDialog } from '../../parts/FormDialog';
import { useNotice } from '../../parts/notice';
import { sendTest, type Template, type TemplateText } from '../../templates';
import { useTexts } from '../../texts';

type Props = {
  template: Template;
  language: Language;
  /** As it is written now, saved or not. */
  text: TemplateText;
  opened: boolean;
  close: () => void;
};

export function TestDialog({ template, language, text, opened, close }: Props) {
  const { templates, messages, login } = useTexts();
  const notice = useNotice();
  const queries = useQueryClient();
  const user = useUser();
  const form = useForm({
    initialValues: { to: user?.email ?? '' },
    validate: { to: (it) => (it.trim() ? null : login.required) },
  });
  const providers = useQuery(messageProvidersQuery);
  const silent = delivers(providers.data, template.channel) === false;
  const sending = useMutation({
    mutationFn: ({ to }: { to: string }) => sendTest(template.key, language, to.trim(), text),
    onSuccess: (message) => {
      void queries.invalidateQueries({ queryKey: ['messages'] });
      notice.done((silent ? messages.loggedFor : messages.queuedFor)(message.recipient));
      close();
    },
    onError: (error) => {
      // What is wrong with the text has no field here; the dialog says it.
      if (isProblem(error) && error.fields.to) form.setErrors({ to: error.fields.to });
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (opened) sending.reset();
  }, [opened]);
  return (
    <FormDialog
      title={templates.testTitle}
      opened={opened}
      close={close}
      yes={messages.send}
      busy={sending.isPending}
      error={sending.error}
      onSubmit={() => {
        if (!form.validate().hasErrors) sending.mutate(form.values);
      }}
    >
      <Text size="sm">{templates.testText}</Text>
      {silent && (
        <Alert variant="light" color="orange">
          {messages.channelLogged}
        </Alert>
      )}
      <TextInput
        data-autofocus
        required
        type="email"
        label={messages.toEmail}
        maxLength={254}
        {...form.getInputProps('to')}
      />
    </FormDialog>
  );
}
