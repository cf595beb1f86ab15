/** How far an import is, and what became of it. */

import { Alert, Progress as Bar, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';

import { useFormats } from '../../../format';
import { ErrorState } from '../../parts/ErrorState';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { useTexts } from '../../texts';
import { Counts } from './Counts';
import { importById, isOver, tones } from './imports';
import { Remarks } from './Remarks';

export function Progress({ id }: { id: string }) {
  const { imports: texts } = useTexts();
  const formats = useFormats();
  const queries = useQueryClient();
  const query = useQuery(importById(id));
  const it = query.data;
  const over = it !== undefined && isOver(it);
  useEffect(() => {
    if (!over) return;
    void queries.invalidateQueries({ queryKey: ['products'] });
    void queries.invalidateQueries({ queryKey: ['categories'] });
    void queries.invalidateQueries({ queryKey: ['inventory'] });
    void queries.invalidateQueries({ queryKey: ['imports', 'list'] });
  }, [over, queries]);

  if (!it && query.error)
    return <ErrorState error={query.error} again={() => void query.refetch()} />;
  if (!it) return <Skeleton h={220} />;
  const part = it.rows > 0 ? it.rows_done / it.rows : over ? 1 : 0;
  return (
    <Section
      title={it.file_name}
      actions={<StatusBadge tone={tones[it.state]}>{texts.statuses[it.state]}</StatusBadge>}
    >
      <Stack gap="md">
        {!over && (
          <div>
            <Bar.Root size="lg">
              <Bar.Section
                value={part * 100}
                animated
                striped
                aria-label={texts.progress}
                aria-valuetext={formats.percent(part)}
              />
            </Bar.Root>
            <Text size="sm" c="dimmed" mt={4}>
              {texts.rowsDone(formats.number(it.rows_done), formats.number(it.rows))}
            </Text>
          </div>
        )}
        <Text role="status">{texts.statusText[it.state]}</Text>
        {it.error && (
          <Alert role="alert" color="red" variant="light">
            {it.error}
          </Alert>
        )}
        <Counts of={it} />
        {it.stock_kept > 0 && <Text size="sm">{texts.stockKept(it.stock_kept)}</Text>}
        <Remarks title={texts.rowErrors} remarks={it.errors ?? []} file="bad-rows.csv" />
        <Remarks title={texts.warnings} remarks={it.warnings ?? []} file="warnings.csv" />
        <Group>
          <Button renderRoot={(props) => <Link to="/import" search={{}} {...props} />}>
            {texts.newImport}
          </Button>
          <Button variant="default" renderRoot={(props) => <Link to="/products" {...props} />}>
            {texts.viewProducts}
          </Button>
        </Group>
      </Stack>
    </Section>
  );
}
