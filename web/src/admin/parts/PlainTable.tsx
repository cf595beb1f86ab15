import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

type Props = {
  /** What it shows, for screen readers. */
  label: string;
  head: string[];
  rows: { key: string; cells: ReactNode[] }[];
  /** Columns of numbers. */
  right?: number[];
};

/** A small table inside of a page. It scrolls by itself where it is too wide. */
export function PlainTable({ label, head, rows, right = [] }: Props) {
  const align = (at: number) => (right.includes(at) ? { ta: 'right' as const } : {});
  return (
    <Table.ScrollContainer minWidth={0} type="native" tabIndex={0} role="group" aria-label={label}>
      <Table aria-label={label} horizontalSpacing="xs" style={{ whiteSpace: 'nowrap' }}>
        <Table.Thead>
          <Table.Tr>
            {head.map((it, at) => (
              <Table.Th key={it} scope="col" {...align(at)}>
                {it}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ key, cells }) => (
            <Table.Tr key={key}>
              {cells.map((cell, at) => (
                <Table.Td key={head[at]} {...align(at)}>
                  {cell}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
