/** How the shop is doing, and what asks for somebody's attention. */

import { SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { useMay } from '../../may';
import { NoDelivery } from '../../parts/NoDelivery';
import { PageHead } from '../../parts/PageHead';
import { RANGES, type Range } from '../../reports';
import { useTexts } from '../../texts';
import { LowStock } from './LowStock';
import { Sales } from './Sales';
import { DeadLetters, FailedMessages } from './Trouble';

export function Dashboard() {
  const { shell, dashboard: texts } = useTexts();
  const { days = 30 } = useSearch({ from: '/inside/' });
  const navigate = useNavigate({ from: '/' });
  const may = useMay();
  const reports = may('reports:read');
  const stock = may('catalog:write');
  const messages = may('notifications:read');
  const system = may('system:read');
  return (
    <>
      <PageHead
        title={shell.dashboard}
        actions={
          reports && (
            <SegmentedControl
              aria-label={texts.range}
              value={String(days)}
              onChange={(it) =>
                void navigate({ search: { days: Number(it) as Range }, replace: true })
              }
              data={RANGES.map((it) => ({ value: String(it), label: texts.days(it) }))}
            />
          )
        }
      />
      <Stack gap="lg">
        {messages && <NoDelivery />}
        {reports && <Sales days={days} />}
        {(stock || messages || system) && (
          <SimpleGrid cols={{ base: 1, md: stock && (messages || system) ? 2 : 1 }} spacing="lg">
            {stock && <LowStock />}
            {(messages || system) && (
              <Stack gap="lg">
                {messages && <FailedMessages />}
                {system && <DeadLetters />}
              </Stack>
            )}
          </SimpleGrid>
        )}
        {!reports && !stock && !messages && !system && <Text c="dimmed">{texts.empty}</Text>}
      </Stack>
    </>
  );
}
