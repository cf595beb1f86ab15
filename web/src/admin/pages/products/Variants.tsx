/** The variants of a product: a table of all combinations, or a form where there is only one. */

import { SimpleGrid, Stack, Switch, Table, Text } from '@mantine/core';
import { memo, useCallback, useRef } from 'react';

import type { Inventory } from '../../catalog';
import { useTexts } from '../../texts';
import { Fill } from './Fill';
import { offered, type Row, usable } from './matrix';
import type { Picture, Values } from './model';
import { fields, VariantField } from './VariantField';
import { VariantPicture } from './VariantPicture';

type Props = {
  values: Values;
  setRows: (rows: Row[]) => void;
  error: (field: string) => string | undefined;
  stock: Inventory[] | undefined;
};

export function Variants({ values, setRows, error, stock }: Props) {
  const { editor: texts } = useTexts();
  const rows = values.variants;
  // The rows stay the same while another one is being typed in.
  const now = useRef(rows);
  now.current = rows;
  const set = useRef(setRows);
  set.current = setRows;
  const change = useCallback((at: number, part: Partial<Row>) => {
    set.current(now.current.map((row, n) => (n === at ? { ...row, ...part } : row)));
  }, []);
  const onHand = (row: Row) => stock?.find((it) => it.sku === row.sku)?.on_hand;

  const [only] = rows;
  if (usable(values.options).length === 0 && only) {
    return (
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
        {fields.map((field) => (
          <VariantField
            key={field}
            field={field}
            row={only}
            stock={onHand(only)}
            error={error(`variants.0.${field}`)}
            change={(part) => change(0, part)}
          />
        ))}
      </SimpleGrid>
    );
  }

  return (
    <Stack gap="sm">
      <Fill values={values} setRows={setRows} onHand={onHand} />
      <Text size="sm" c="dimmed" role="status">
        {texts.forSale(offered(rows).length, rows.length)}
      </Text>
      <Table.ScrollContainer
        minWidth={1180}
        maxHeight="70dvh"
        type="native"
        tabIndex={0}
        role="region"
        aria-label={texts.variantsTable}
      >
        <Table
          stickyHeader
          verticalSpacing={6}
          horizontalSpacing={6}
          aria-label={texts.variantsTable}
        >
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{texts.forSaleHead}</Table.Th>
              <Table.Th scope="col">{texts.image}</Table.Th>
              <Table.Th scope="col" miw={120}>
                {texts.variant}
              </Table.Th>
              {fields.map((field) => (
                <Table.Th key={field} scope="col" miw={widths[field]}>
                  {texts.fields[field]}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, at) => (
              <VariantRow
                key={row.id ?? JSON.stringify(row.options)}
                row={row}
                at={at}
                change={change}
                pictures={values.images}
                stock={onHand(row)}
                // One text, so that rows without errors are not drawn again.
                errors={fields.map((it) => error(`variants.${at}.${it}`) ?? '').join('\n')}
                wrong={error(`variants.${at}.options`)}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

const widths = {
  price: 110,
  compare_at_price: 110,
  sku: 150,
  barcode: 130,
  weight_grams: 100,
  inventory_policy: 150,
  on_hand: 100,
};

type RowProps = {
  row: Row;
  at: number;
  change: (at: number, part: Partial<Row>) => void;
  pictures: Picture[];
  stock: number | undefined;
  errors: string;
  wrong: string | undefined;
};

const VariantRow = memo(function VariantRow(props: RowProps) {
  const { row, at, change, pictures, stock, errors, wrong } = props;
  const { editor: texts } = useTexts();
  const name = Object.values(row.options).join(' / ');
  const told = errors.split('\n');
  return (
    <Table.Tr>
      <Table.Td>
        <Switch
          checked={!row.off}
          aria-label={texts.sell(name)}
          onChange={(event) => change(at, { off: !event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <VariantPicture
          name={name}
          url={row.image}
          pictures={pictures}
          choose={(image) => change(at, { image })}
        />
      </Table.Td>
      <Table.Th scope="row" fw={500}>
        <Text size="sm" {...(row.off ? { c: 'dimmed', td: 'line-through' } : {})}>
          {name}
        </Text>
        {wrong && (
          <Text size="xs" c="var(--mantine-color-error)">
            {wrong}
          </Text>
        )}
      </Table.Th>
      {fields.map((field, n) => (
        <Table.Td key={field}>
          <VariantField
            field={field}
            row={row}
            of={name}
            stock={stock}
            error={told[n] || undefined}
            change={(part) => change(at, part)}
          />
        </Table.Td>
      ))}
    </Table.Tr>
  );
});
