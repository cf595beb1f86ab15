/** Fills a column of the variants' table at once: all of them, or those with a certain value. */

import { Button, Group, Select } from '@mantine/core';
import { useState } from 'react';

import { useTexts } from '../../texts';
import { counted, type Row, usable } from './matrix';
import { nothing, type Values } from './model';
import { type Field, VariantField } from './VariantField';

const fillable = [
  'price',
  'compare_at_price',
  'weight_grams',
  'inventory_policy',
  'on_hand',
] as const;

type Props = {
  values: Values;
  setRows: (rows: Row[]) => void;
  /** What is in stock of a row. */
  onHand: (row: Row) => number | undefined;
};

export function Fill({ values, setRows, onHand }: Props) {
  const { editor: texts } = useTexts();
  const [field, setField] = useState<Field>('price');
  const [which, setWhich] = useState('all');
  const [row, setRow] = useState<Row>({ ...(nothing.variants[0] as Row), on_hand: null });
  const parts = usable(values.options).map(({ name, values }) => ({
    group: name,
    items: values.map((value) => ({ value: JSON.stringify([name, value]), label: value })),
  }));
  const chosen = (it: Row) => {
    if (which === 'all') return true;
    const [name, value] = JSON.parse(which) as [string, string];
    return it.options[name] === value;
  };
  const filled = (it: Row): Partial<Row> =>
    field === 'on_hand' ? counted(it, row.on_hand, onHand(it)) : { [field]: row[field] };
  const fits = values.variants.filter((it) => !it.off && chosen(it));
  return (
    <Group align="flex-end" gap="sm" role="group" aria-label={texts.bulkEdit}>
      <Select
        label={texts.bulkEditField}
        w={190}
        allowDeselect={false}
        value={field}
        data={fillable.map((value) => ({ value, label: texts.fields[value] }))}
        onChange={(it) => it && setField(it as Field)}
      />
      <div style={{ width: 150 }}>
        <VariantField
          field={field}
          row={row}
          change={(part) => setRow((now) => ({ ...now, ...part }))}
        />
      </div>
      <Select
        label={texts.bulkEditTarget}
        w={190}
        allowDeselect={false}
        value={which}
        data={[{ value: 'all', label: texts.allVariants }, ...parts]}
        onChange={(it) => it && setWhich(it)}
      />
      <Button
        variant="default"
        disabled={fits.length === 0}
        onClick={() =>
          setRows(values.variants.map((it) => (fits.includes(it) ? { ...it, ...filled(it) } : it)))
        }
      >
        {texts.bulkEditApply(fits.length)}
      </Button>
    </Group>
  );
}
