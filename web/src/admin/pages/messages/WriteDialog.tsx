import { Alert, SegmentedControl, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { isProblem } from '../../../api/problem';
import { delivers, messageProvidersQuery, type NewMessage, sendMessage } from '../../messages';
import { FormDialog } from '../../parts/FormDialog';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';

const NOTHING: NewMessage = { channel: 'email', to: '', subject: '', body: '' };

/** Writes to somebody. Sent twice, it goes out once. */
export function WriteDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { messages, login, parts, states } = useTexts();
  const notice = useNotice();
  const queries = useQueryClient();
  // A lost answer leaves the key, so that trying again does not send a second one.
  const key = useRef(crypto.randomUUID());
  const required = (it: string) => (it.trim() ? null : login.required);
  const form = useForm<NewMessage>({
    initialValues: NOTHING,
    validate: {
      to: required,
      body: required,
      subject: (it, { channel }) => (channel === 'email' ? required(it) : null),
    },
  });
  const providers = useQuery(messageProvidersQuery);
  const silent = (channel: NewMessage['channel']) => delivers(providers.data, channel) === false;
  const sending = useMutation({
    mutationFn: (message: NewMessage) => sendMessage(message, key.current),
    onSuccess: (message) => {
      key.current = crypto.randomUUID();
      void queries.invalidateQueries({ queryKey: ['messages'] });
      const said = silent(form.values.channel) ? messages.loggedFor : messages.queuedFor;
      notice.done(said(message.recipient));
      close();
    },
    onError: (error) => {
      if (!isProblem(error)) return;
      if (error.status < 500) key.current = crypto.randomUUID();
      form.setErrors(error.fields);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew whenever it opens
  useEffect(() => {
    if (!opened) return;
    form.reset();
    sending.reset();
  }, [opened]);
  const { channel } = form.values;
  return (
    <FormDialog
      title={messages.write}
      size="lg"
      opened={opened}
      close={close}
      yes={messages.send}
      busy={sending.isPending}
      error={sending.error}
      problem={Object.keys(form.errors).length > 0 && sending.error ? parts.checkFields : undefined}
      onSubmit={() => {
        if (!form.validate().hasErrors) sending.mutate(form.values);
      }}
    >
      <SegmentedControl
        aria-label={messages.channel}
        data={(['email', 'sms'] as const).map((value) => ({ value, label: states.channel[value] }))}
        {...form.getInputProps('channel')}
      />
      {silent(channel) && (
        <Alert variant="light" color="orange">
          {messages.channelLogged}
        </Alert>
      )}
      <TextInput
        data-autofocus
        required
        type={channel === 'email' ? 'email' : 'tel'}
        label={channel === 'email' ? messages.toEmail : messages.toPhone}
        description={channel === 'sms' ? messages.phoneHelp : undefined}
        maxLength={254}
        {...form.getInputProps('to')}
      />
      {channel === 'email' && (
        <TextInput
          required
          label={messages.subject}
          maxLength={200}
          {...form.getInputProps('subject')}
        />
      )}
      <Textarea
        required
        label={messages.text}
        maxLength={channel === 'email' ? 50_000 : 1_600}
        autosize
        minRows={5}
        maxRows={16}
        {...form.getInputProps('body')}
      />
      <Text size="xs" c="dimmed">
        {messages.plainText}
      </Text>
    </FormDialog>
  );
}
