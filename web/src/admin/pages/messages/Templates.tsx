/** The texts of the messages the shop sends by itself. */

import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { useFormats } from '../../../format';
import { type Language, useLanguage } from '../../../texts';
import { type Column, DataTable } from '../../parts/DataTable';
import { whole } from '../../parts/list';
import { NoDelivery } from '../../parts/NoDelivery';
import { PageHead } from '../../parts/PageHead';
import { RowLink } from '../../parts/RowLink';
import { StatusBadge } from '../../parts/StatusBadge';
import { type Template, templatesQuery } from '../../templates';
import { useTexts } from '../../texts';
import { LanguageTabs } from './LanguageTabs';

const route = getRouteApi('/inside/templates');

export function Templates() {
  const { templates, shell } = useTexts();
  const navigate = route.useNavigate();
  const { language: own } = useLanguage();
  const { language = own } = route.useSearch();
  const columns = useColumns(language);
  return (
    <>
      <PageHead
        title={shell.templates}
        actions={
          <LanguageTabs
            language={language}
            set={(language) => void navigate({ search: { language }, replace: true })}
          />
        }
      />
      <Stack>
        <NoDelivery />
        <DataTable
          label={shell.templates}
          list={whole(useQuery(templatesQuery(language)))}
          columns={columns}
          id={(it) => it.key}
          empty={{ title: templates.none }}
        />
      </Stack>
    </>
  );
}

function useColumns(language: Language): Column<Template>[] {
  const { templates } = useTexts();
  const format = useFormats();
  const about: Record<string, string> = templates.names;
  return [
    {
      key: 'name',
      head: templates.name,
      cell: (it) => (
        <>
          <RowLink to="/templates/$key" params={{ key: it.key }} search={{ language }}>
            {about[it.key] ?? it.description}
          </RowLink>
          <Text size="xs" c="dimmed" ff="monospace">
            {it.key}
          </Text>
        </>
      ),
    },
    {
      key: 'subject',
      head: templates.subject,
      from: 'md',
      cell: (it) => (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {it.subject}
        </Text>
      ),
    },
    {
      key: 'text',
      head: templates.text,
      cell: (it) => (
        <Group gap="xs">
          <StatusBadge tone={it.customized ? 'busy' : 'quiet'}>
            {it.customized ? templates.customized : templates.default}
          </StatusBadge>
          {it.last_error && <StatusBadge tone="bad">{templates.broken}</StatusBadge>}
        </Group>
      ),
    },
    {
      key: 'changed',
      head: templates.changed,
      from: 'lg',
      cell: (it) => (it.updated_at ? format.time(it.updated_at) : ''),
    },
  ];
}
