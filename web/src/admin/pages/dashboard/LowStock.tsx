import { Skeleton, Text } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';

import { api, ok } from '../../../api/client';
import { useFormats } from '../../../format';
import { ErrorState } from '../../parts/ErrorState';
import { PlainTable } from '../../parts/PlainTable';
import { Section } from '../../parts/Section';
import { StatusBadge } from '../../parts/StatusBadge';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';
import { LOW } from '../inventory/low';

const lowStock = queryOptions({
  queryKey: ['inventory', 'low'],
  queryFn: () => ok(api.GET('/api/v1/inventory', { params: { query: { low: LOW, limit: 8 } } })),
});

/** What will be sold out soon. */
export function LowStock() {
  const { dashboard: texts, inventory } = useTexts();
  const formats = useFormats();
  const { data, error, refetch } = useQuery(lowStock);
  return (
    <Section
      title={texts.lowStock}
      actions={
        <TextLink
          to="/inventory"
          search={{ low: LOW }}
          aria-label={texts.viewAllOf(texts.lowStock)}
        >
          {texts.viewAll}
        </TextLink>
      }
    >
      {!data &&
        (error ? <ErrorState error={error} again={() => void refetch()} /> : <Skeleton h={220} />)}
      {data?.items.length === 0 && <Text c="dimmed">{inventory.noLowStock}</Text>}
      {data && data.items.length > 0 && (
        <PlainTable
          label={texts.lowStock}
          head={[inventory.sku, inventory.available]}
          right={[1]}
          rows={data.items.map((it) => ({
            key: it.sku,
            cells: [
              <TextLink
                key="sku"
                to="/products/$id"
                params={{ id: it.product_id }}
                style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}
              >
                {it.sku}
              </TextLink>,
              <StatusBadge key="available" tone={(it.available ?? 0) > 0 ? 'warn' : 'bad'}>
                {(it.available ?? 0) > 0
                  ? inventory.low(formats.number(it.available ?? 0))
                  : inventory.outOfStock}
              </StatusBadge>,
            ],
          }))}
        />
      )}
    </Section>
  );
}
