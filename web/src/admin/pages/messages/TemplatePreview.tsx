/** A text as somebody would get it, a moment after the typing. */

import { Alert, Paper, Skeleton, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';

import { isProblem } from '../../../api/problem';
import type { Language } from '../../../texts';
import { ErrorState } from '../../parts/ErrorState';
import { MailTabs } from '../../parts/MailTabs';
import { Section } from '../../parts/Section';
import { previewQuery, type Template, type TemplateText } from '../../templates';
import { useTexts } from '../../texts';

type Props = { template: Template; language: Language; text: TemplateText };

export function TemplatePreview({ template, language, text }: Props) {
  const { templates } = useTexts();
  const [settled] = useDebouncedValue(text, 400);
  const query = useQuery(previewQuery(template.key, language, settled));
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
          <MailTabs html={data.html} text={data.text} />
        </Paper>
      )}
      <Text size="xs" c="dimmed" mt="xs">
        {templates.sample}
      </Text>
    </Section>
  );
}
