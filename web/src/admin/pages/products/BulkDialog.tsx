/** One form for what many products have in common from now on. What is not chosen stays as it is. */

import {
  Alert,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import type { AmountChange } from '../../bulk';
import { categoryTree, flat, type Product } from '../../catalog';
import { FormDialog } from '../../parts/FormDialog';
import { MoneyInput } from '../../parts/MoneyInput';
import { useTexts } from '../../texts';
import type { Edit, ListChange } from './bulkEdit';

const LISTS = ['keep', 'add', 'remove', 'set'] as const;
const WORDS = ['keep', 'set'] as const;
const PRICES = ['keep', 'set', 'percent', 'add'] as const;
const OPTIONAL = ['keep', 'set', 'percent', 'add', 'clear'] as const;
const COSTS = ['keep', 'set', 'clear'] as const;

/** The same may be said of a list and of an amount, in other words. */
function word(hows: readonly How[], how: How) {
  if (hows === LISTS) return how === 'set' ? 'replace' : how;
  return how === 'add' ? 'amount' : how;
}

type How = (typeof LISTS | typeof OPTIONAL)[number];
type Field = 'tags' | 'categories' | 'vendor' | 'product_type' | Amount;
type Amount = 'price' | 'compare_at_price' | 'cost';

type Props = {
  products: Product[];
  busy: boolean;
  close: () => void;
  apply: (edit: Edit) => void;
};

export function BulkDialog({ products, busy, close, apply }: Props) {
  const { bulk, editor } = useTexts();
  const tree = useQuery(categoryTree);
  const [how, setHow] = useState<Partial<Record<Field, How>>>({});
  const [lists, setLists] = useState<{ tags: string[]; categories: string[] }>({
    tags: [],
    categories: [],
  });
  const [words, setWords] = useState({ vendor: '', product_type: '' });
  const [amounts, setAmounts] = useState<Partial<Record<Amount, number | null>>>({});
  const [percents, setPercents] = useState<Partial<Record<Amount, number | null>>>({});
  const variants = products.reduce((sum, it) => sum + it.variants.length, 0);

  const list = (field: 'tags' | 'categories'): ListChange | undefined => {
    const chosen = how[field];
    if (chosen !== 'add' && chosen !== 'remove' && chosen !== 'set') return undefined;
    // Nothing to add or remove; nothing to be left is a choice.
    if (chosen !== 'set' && lists[field].length === 0) return undefined;
    return { how: chosen, values: lists[field] };
  };
  const amount = (field: Amount): AmountChange | undefined => {
    const chosen = how[field];
    if (chosen === 'clear') return { how: 'clear' };
    if (chosen === 'percent') {
      const percent = percents[field];
      return percent ? { how: 'percent', percent } : undefined;
    }
    const typed = amounts[field];
    if (typed === null || typed === undefined) return undefined;
    if (chosen === 'set' || (chosen === 'add' && typed !== 0))
      return { how: chosen, amount: typed };
    return undefined;
  };
  const edit: Edit = Object.fromEntries(
    Object.entries({
      tags: list('tags'),
      categories: list('categories'),
      vendor: how.vendor === 'set' ? words.vendor.trim() : undefined,
      product_type: how.product_type === 'set' ? words.product_type.trim() : undefined,
      price: amount('price'),
      compare_at_price: amount('compare_at_price'),
      cost: amount('cost'),
    }).filter(([, value]) => value !== undefined),
  );

  const row = (field: Field, label: string, hows: readonly How[], input: ReactNode) => (
    <Group gap="xs" align="flex-end" role="group" aria-label={label}>
      <Select
        label={label}
        w={190}
        allowDeselect={false}
        value={how[field] ?? 'keep'}
        data={hows.map((value) => ({ value, label: bulk.hows[word(hows, value)] }))}
        onChange={(it) => it && setHow({ ...how, [field]: it as How })}
      />
      {(how[field] ?? 'keep') !== 'keep' && how[field] !== 'clear' && (
        <div style={{ flex: '1 1 12rem' }}>{input}</div>
      )}
    </Group>
  );
  const money = (field: Amount) => {
    const label = bulk.valueOf(editor.fields[field]);
    if (how[field] === 'percent') {
      return (
        <NumberInput
          aria-label={label}
          suffix=" %"
          min={-100}
          max={10_000}
          decimalScale={2}
          allowedDecimalSeparators={[',', '.']}
          placeholder={bulk.percentHint}
          value={percents[field] ?? ''}
          onChange={(it) => setPercents({ ...percents, [field]: it === '' ? null : Number(it) })}
        />
      );
    }
    return (
      <MoneyInput
        aria-label={label}
        {...(how[field] === 'add' ? { min: -1_000_000_000, placeholder: bulk.amountHint } : {})}
        value={amounts[field] ?? null}
        onChange={(it) => setAmounts({ ...amounts, [field]: it })}
      />
    );
  };

  return (
    <FormDialog
      title={bulk.editTitle(products.length)}
      opened
      close={close}
      size="lg"
      yes={bulk.apply}
      busy={busy}
      disabled={Object.keys(edit).length === 0}
      onSubmit={() => apply(edit)}
    >
      {row(
        'tags',
        editor.tags,
        LISTS,
        <TagsInput
          aria-label={bulk.valueOf(editor.tags)}
          placeholder={editor.tagsHint}
          value={lists.tags}
          onChange={(tags) => setLists({ ...lists, tags })}
        />,
      )}
      {row(
        'categories',
        editor.categories,
        LISTS,
        <MultiSelect
          aria-label={bulk.valueOf(editor.categories)}
          placeholder={editor.categoriesHint}
          nothingFoundMessage={editor.noCategory}
          searchable
          value={lists.categories}
          data={flat(tree.data ?? []).map(({ category, depth }) => ({
            value: category.id,
            label: `${'\u2003'.repeat(depth)}${category.name}`,
          }))}
          onChange={(categories) => setLists({ ...lists, categories })}
        />,
      )}
      {(['vendor', 'product_type'] as const).map((field) => (
        <div key={field}>
          {row(
            field,
            field === 'vendor' ? editor.vendor : editor.type,
            WORDS,
            <TextInput
              aria-label={bulk.valueOf(field === 'vendor' ? editor.vendor : editor.type)}
              maxLength={255}
              value={words[field]}
              onChange={(event) => setWords({ ...words, [field]: event.currentTarget.value })}
            />,
          )}
        </div>
      ))}
      {row('price', editor.fields.price, PRICES, money('price'))}
      {row('compare_at_price', editor.fields.compare_at_price, OPTIONAL, money('compare_at_price'))}
      {row('cost', editor.fields.cost, COSTS, money('cost'))}
      {(edit.price || edit.compare_at_price || edit.cost) && (
        <Alert variant="light" color="gray">
          {bulk.ofVariants(variants)}
        </Alert>
      )}
    </FormDialog>
  );
}
