/** How many of a product can be bought, and a place to set how many there are. */

import { Button, Popover, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { ONLY, type Product, stockOf } from '../../catalog';
import { ErrorState } from '../../parts/ErrorState';
import { useTexts } from '../../texts';
import { StockInput } from '../inventory/StockInput';

export function StockCell({ product }: { product: Product }) {
  const { products: texts } = useTexts();
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const { available } = product;
  const shown = available === 0 ? texts.outOfStock : formats.number(available ?? 0);
  const counts = available !== null && available !== undefined;
  if (!counts) {
    return (
      <Text size="sm" c="dimmed">
        {texts.notTracked}
      </Text>
    );
  }
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      trapFocus
      returnFocus
      withArrow
      position="bottom-start"
    >
      <Popover.Target>
        <Button
          variant="default"
          fw={500}
          {...(available === 0 ? { c: 'var(--mantine-color-error)' } : {})}
          size="compact-sm"
          onClick={() => setOpen((it) => !it)}
          aria-label={texts.editStock(product.title, shown)}
        >
          {shown}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.stock}>
        {open && <Stock product={product} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Stock({ product }: { product: Product }) {
  const stock = useQuery(stockOf(product));
  if (stock.error) return <ErrorState error={stock.error} again={() => void stock.refetch()} />;
  return (
    <Stack gap="xs" mah="50dvh" style={{ overflowY: 'auto' }}>
      {stock.data?.map((it) => (
        <StockInput
          key={it.sku}
          stock={it}
          label={
            product.variants.find(({ sku, title }) => sku === it.sku && title !== ONLY)?.title ??
            it.sku
          }
        />
      )) ?? product.variants.map(({ sku }) => <Skeleton key={sku} h={56} w={220} />)}
    </Stack>
  );
}
