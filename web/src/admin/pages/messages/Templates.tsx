/** The texts of the messages the shop sends by itself. */

import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFormats } from '../../../format';
import { type Template, templatesQuery } from '../../messages';
import { type Column, DataTable } from '../../parts/DataTable';
import { whole } from '../../parts/list';
import { NoDelivery } from '../../parts/NoDelivery';
import { PageHead } from '../../parts/PageHead';
import { RowLink } from '../../parts/RowLink';
import { StatusBadge } from '../../parts/StatusBadge';
import { useTexts } from '../../texts';

export function Templates() {
  const { templates, shell } = useTexts();
  const columns = useColumns();
  return (
    <>
      <PageHead title={shell.templates} />
      <NoDelivery />
      <DataTable
        label={shell.templates}
        list={whole(useQuery(templatesQuery))}
        columns={columns}
        id={(it) => it.key}
        empty={{ title: templates.none }}
      />
    </>
  );
}

function useColumns(): Column<Template>[] {
  const { templates } = useTexts();
  const format = useFormats();
  const about: Record<string, string> = templates.names;
  return [
    {
      key: 'name',
      head: templates.name,
      cell: (it) => (
        <>
          <RowLink to="/templates/$key" params={{ key: it.key }}>
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
        <StatusBadge tone={it.customized ? 'busy' : 'quiet'}>
          {it.customized ? templates.customized : templates.default}
        </StatusBadge>
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
