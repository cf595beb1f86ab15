/** A chart, and the same as a table for who cannot see it or wants the figures. */

import { Button, ScrollArea, Skeleton, Text } from '@mantine/core';
import { type ReactNode, useMemo, useState } from 'react';

import { useLanguage } from '../../../texts';
import { PlainTable } from '../../parts/PlainTable';
import { Section } from '../../parts/Section';
import { useTexts } from '../../texts';

type Props = {
  title: string;
  failed: boolean;
  head: string[];
  /** Undefined until they are there. */
  rows: string[][] | undefined;
  children: ReactNode;
};

export function Chart({ title, failed, head, rows, children }: Props) {
  const { dashboard: texts } = useTexts();
  const [table, setTable] = useState(false);
  return (
    <Section
      title={title}
      actions={
        rows && (
          <Button
            size="compact-sm"
            variant="default"
            aria-pressed={table}
            aria-label={texts.showAsTableOf(title)}
            onClick={() => setTable((it) => !it)}
          >
            {texts.showAsTable}
          </Button>
        )
      }
    >
      {!rows && (failed ? <Text c="dimmed">{texts.noData}</Text> : <Skeleton h={220} />)}
      {rows && table && (
        <ScrollArea.Autosize mah={320} viewportProps={{ tabIndex: 0 }}>
          <PlainTable
            label={title}
            head={head}
            right={head.map((_, at) => at).slice(1)}
            rows={rows.map((cells) => ({ key: cells[0] ?? '', cells }))}
          />
        </ScrollArea.Autosize>
      )}
      {rows && !table && (
        <div role="img" aria-label={texts.chartOf(title)}>
          {children}
        </div>
      )}
    </Section>
  );
}

/** Days as the reports name them, without the year. */
export function useDay(): (day: string) => string {
  const { locale } = useLanguage();
  return useMemo(() => {
    // The day is one of the shop's, wherever the reader is.
    const format = new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'short',
      timeZone: 'UTC',
    });
    return (day) => format.format(new Date(`${day}T00:00:00Z`));
  }, [locale]);
}
