/** One template: its text, what can stand in it, and how it comes out. */

import {
  Alert,
  Button,
  Grid,
  Group,
  Paper,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { isProblem } from '../../../api/problem';
import { useMay } from '../../may';
import {
  previewQuery,
  restoreTemplate,
  saveTemplate,
  type Template,
  type TemplateText,
  templateQuery,
  templatesQuery,
} from '../../messages';
import { useConfirm } from '../../parts/confirm';
import { ErrorState, RouteFailed } from '../../parts/ErrorState';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { useLeaveGuard } from '../../parts/useLeaveGuard';
import { useTexts } from '../../texts';
import { Placeholders } from './Placeholders';

const route = getRouteApi('/inside/templates/$key');

export function TemplatePage() {
  const { key } = route.useParams();
  const { shell, templates } = useTexts();
  const query = useQuery(templateQuery(key));
  const template = query.data;
  if (!template && query.isError) {
    return <RouteFailed error={query.error} reset={() => void query.refetch()} />;
  }
  const about: Record<string, string> = templates.names;
  return (
    <>
      <PageHead
        title={about[key] ?? template?.description ?? key}
        above={[{ name: shell.templates, to: '/templates' }]}
        badge={
          template && (
            <StatusBadge tone={template.customized ? 'busy' : 'quiet'}>
              {template.customized ? templates.customized : templates.default}
            </StatusBadge>
          )
        }
      />
      {template ? (
        <Editor key={String(template.updated_at)} template={template} />
      ) : (
        <Skeleton h={520} aria-hidden />
      )}
    </>
  );
}

function Editor({ template }: { template: Template }) {
  const { templates, parts } = useTexts();
  const may = useMay();
  const notice = useNotice();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const [text, setText] = useState<TemplateText>({
    subject: template.subject,
    body: template.body,
  });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const body = useRef<HTMLTextAreaElement>(null);
  const dirty = text.subject !== template.subject || text.body !== template.body;
  useLeaveGuard(() => dirty);

  const set = (changes: Partial<TemplateText>) => {
    setWrong({});
    setText({ ...text, ...changes });
  };
  const stored = (template: Template) => {
    setText({ subject: template.subject, body: template.body });
    queries.setQueryData(templateQuery(template.key).queryKey, template);
    void queries.invalidateQueries({ queryKey: templatesQuery.queryKey });
  };
  const saving = useMutation({
    mutationFn: () => saveTemplate(template.key, text),
    onSuccess: (template) => {
      stored(template);
      notice.done(parts.saved);
    },
    onError: (error) => notice.failed(error, { setErrors: setWrong }),
  });
  const restoring = useMutation({
    mutationFn: () => restoreTemplate(template.key),
    onSuccess: (template) => {
      stored(template);
      notice.done(templates.restored);
    },
    onError: (error) => notice.failed(error),
  });
  const askRestore = async () => {
    const { title, text, yes } = templates.restoreDialog;
    if (await confirm({ title, text, yes, danger: true })) restoring.mutate();
  };
  const insert = (placeholder: string) => {
    const field = body.current;
    const from = field?.selectionStart ?? text.body.length;
    const to = field?.selectionEnd ?? from;
    set({ body: text.body.slice(0, from) + placeholder + text.body.slice(to) });
    requestAnimationFrame(() => {
      field?.focus();
      field?.setSelectionRange(from + placeholder.length, from + placeholder.length);
    });
  };

  // A one-time token opens an account, so its text is for those who may change accounts.
  const secret = template.variables.includes('token');
  const changes = may('notifications:send') && (!secret || may('users:write'));
  return (
    <Grid>
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            saving.mutate();
          }}
        >
          <Stack>
            {!changes && (
              <Alert variant="light" color="gray">
                {secret ? templates.secret : templates.readOnly}
              </Alert>
            )}
            <TextInput
              label={templates.subject}
              maxLength={500}
              readOnly={!changes}
              value={text.subject}
              error={wrong.subject}
              onChange={(event) => set({ subject: event.currentTarget.value })}
            />
            <Textarea
              ref={body}
              label={templates.text}
              description={templates.textHelp}
              maxLength={16_384}
              readOnly={!changes}
              autosize
              minRows={12}
              maxRows={30}
              spellCheck
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
              value={text.body}
              error={wrong.body}
              onChange={(event) => set({ body: event.currentTarget.value })}
            />
            {changes && (
              <Group justify="flex-end">
                {template.customized && (
                  <Button
                    variant="default"
                    loading={restoring.isPending}
                    onClick={() => void askRestore()}
                  >
                    {templates.restore}
                  </Button>
                )}
                <Button type="submit" disabled={!dirty} loading={saving.isPending}>
                  {parts.save}
                </Button>
              </Group>
            )}
          </Stack>
        </form>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack>
          {may('notifications:send') && <Preview name={template.key} text={text} />}
          <Placeholders variables={template.variables} {...(changes && { insert })} />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

/** The text as somebody would get it, a moment after the typing. */
function Preview({ name, text }: { name: string; text: TemplateText }) {
  const { templates } = useTexts();
  const [settled] = useDebouncedValue(text, 400);
  const query = useQuery(previewQuery(name, settled));
  const { data, error } = query;
  const wrong = isProblem(error) && error.status === 422;
  return (
    <Section title={templates.preview}>
      {wrong && (
        <Alert color="orange" variant="light" title={templates.invalid} mb="sm" role="status">
          {Object.values(error.fields).map((it) => (
            <Text key={it} size="sm">
              {it}
            </Text>
          ))}
        </Alert>
      )}
      {error && !wrong && <ErrorState error={error} again={() => void query.refetch()} />}
      {!data && !error && <Skeleton h={240} />}
      {data && !error && (
        <Paper withBorder p="sm" style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}>
          <Text fw={600} mb="xs" style={{ overflowWrap: 'anywhere' }}>
            {data.subject}
          </Text>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {data.body}
          </Text>
        </Paper>
      )}
      <Text size="xs" c="dimmed" mt="xs">
        {templates.sample}
      </Text>
    </Section>
  );
}
