/** One template: its text, what can stand in it, and how it comes out. */

import { Alert, Button, Grid, Group, Skeleton, Stack, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { type Language, useLanguage } from '../../../texts';
import { useMay } from '../../may';
import { useConfirm } from '../../parts/confirm';
import { RouteFailed } from '../../parts/ErrorState';
import { useNotice } from '../../parts/notice';
import { PageHead } from '../../parts/PageHead';
import { StatusBadge } from '../../parts/StatusBadge';
import { useLeaveGuard } from '../../parts/useLeaveGuard';
import {
  restoreTemplate,
  saveTemplate,
  type Template,
  type TemplateText,
  templateQuery,
  templatesQuery,
} from '../../templates';
import { useTexts } from '../../texts';
import { LanguageTabs } from './LanguageTabs';
import { Placeholders } from './Placeholders';
import { TemplatePreview } from './TemplatePreview';
import { TestDialog } from './TestDialog';

const route = getRouteApi('/inside/templates/$key');

export function TemplatePage() {
  const { key } = route.useParams();
  const { shell, templates } = useTexts();
  const navigate = route.useNavigate();
  const { language: own } = useLanguage();
  const { language = own } = route.useSearch();
  const query = useQuery(templateQuery(key, language));
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
        actions={
          <LanguageTabs
            language={language}
            set={(language) => void navigate({ search: { language }, replace: true })}
          />
        }
      />
      {template ? (
        <Editor
          key={`${language} ${template.updated_at}`}
          template={template}
          language={language}
        />
      ) : (
        <Skeleton h={520} aria-hidden />
      )}
    </>
  );
}

function Editor({ template, language }: { template: Template; language: Language }) {
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
  const [testing, test] = useDisclosure();
  const body = useRef<HTMLTextAreaElement>(null);
  const dirty = text.subject !== template.subject || text.body !== template.body;
  useLeaveGuard(() => dirty);

  const set = (changes: Partial<TemplateText>) => {
    setWrong({});
    setText({ ...text, ...changes });
  };
  const stored = (template: Template) => {
    setText({ subject: template.subject, body: template.body });
    queries.setQueryData(templateQuery(template.key, language).queryKey, template);
    void queries.invalidateQueries({ queryKey: templatesQuery(language).queryKey });
  };
  const saving = useMutation({
    mutationFn: () => saveTemplate(template.key, language, text),
    onSuccess: (template) => {
      stored(template);
      notice.done(parts.saved);
    },
    onError: (error) => notice.failed(error, { setErrors: setWrong }),
  });
  const restoring = useMutation({
    mutationFn: () => restoreTemplate(template.key, language),
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
  const sends = may('notifications:send');
  const changes = sends && (!secret || may('users:write'));
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
            {template.last_error && (
              <Alert variant="light" color="red" role="status" title={templates.fallsBack}>
                {templates.fallsBackText(template.last_error)}
              </Alert>
            )}
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
            {(changes || sends) && (
              <Group justify="flex-end">
                {sends && (
                  <Button variant="default" mr="auto" onClick={test.open}>
                    {templates.test}
                  </Button>
                )}
                {changes && template.customized && (
                  <Button
                    variant="default"
                    loading={restoring.isPending}
                    onClick={() => void askRestore()}
                  >
                    {templates.restore}
                  </Button>
                )}
                {changes && (
                  <Button type="submit" disabled={!dirty} loading={saving.isPending}>
                    {parts.save}
                  </Button>
                )}
              </Group>
            )}
          </Stack>
        </form>
        <TestDialog
          template={template}
          language={language}
          text={text}
          opened={testing}
          close={test.close}
        />
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack>
          {sends && <TemplatePreview template={template} language={language} text={text} />}
          <Placeholders variables={template.variables} {...(changes && { insert })} />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
