/** One property of a variant to be filled in, in the table as in the form of an only variant. */

import { NumberInput, Select, TextInput } from '@mantine/core';

import { MoneyInput } from '../../parts/MoneyInput';
import { useTexts } from '../../texts';
import { counted, type Row } from './matrix';

export const fields = [
  'price',
  'compare_at_price',
  'sku',
  'barcode',
  'weight_grams',
  'inventory_policy',
  'on_hand',
] as const;
export type Field = (typeof fields)[number];

type Props = {
  field: Field;
  row: Row;
  change: (change: Partial<Row>) => void;
  /** Of which variant, where the label is for screen readers alone. */
  of?: string;
  error?: string | undefined;
  /** What is in stock now, as a hint. */
  stock?: number | undefined;
};

export function VariantField({ field, row, change, of, error, stock }: Props) {
  const { editor: texts } = useTexts();
  const name = texts.fields[field];
  const shared = {
    ...(of === undefined ? { label: name } : { 'aria-label': texts.fieldOf(name, of) }),
    error,
    disabled: row.off,
  };
  switch (field) {
    case 'price':
    case 'compare_at_price':
      return (
        <MoneyInput
          {...shared}
          required={field === 'price'}
          withAsterisk={false}
          value={row[field]}
          onChange={(amount) => change({ [field]: amount })}
        />
      );
    case 'sku':
    case 'barcode':
      return (
        <TextInput
          {...shared}
          maxLength={255}
          value={row[field]}
          placeholder={field === 'sku' ? texts.skuFromSlug : ''}
          onChange={(event) => change({ [field]: event.currentTarget.value })}
        />
      );
    case 'weight_grams':
      return (
        <NumberInput
          {...shared}
          min={0}
          max={1_000_000_000}
          allowDecimal={false}
          hideControls
          value={row.weight_grams}
          rightSection="g"
          onChange={(it) => change({ weight_grams: Number(it) || 0 })}
        />
      );
    case 'inventory_policy':
      return (
        <Select
          {...shared}
          allowDeselect={false}
          value={row.inventory_policy}
          data={Object.entries(texts.policies).map(([value, label]) => ({ value, label }))}
          onChange={(it) => it && change({ inventory_policy: it as Row['inventory_policy'] })}
        />
      );
    case 'on_hand':
      return (
        <NumberInput
          {...shared}
          min={0}
          max={1_000_000_000}
          allowDecimal={false}
          disabled={row.off || row.inventory_policy === 'untracked'}
          placeholder={stock === undefined ? '' : String(stock)}
          value={row.on_hand ?? stock ?? ''}
          onChange={(it) => change(counted(row, it === '' ? null : Number(it), stock))}
        />
      );
  }
}
