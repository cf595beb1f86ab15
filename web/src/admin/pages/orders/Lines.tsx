import { Box, Divider, Group, Image, Stack, Text } from '@mantine/core';

import { useFormats } from '../../../format';
import { picture } from '../../../picture';
import { useMay } from '../../may';
import type { Order } from '../../orders';
import { Section } from '../../parts/Section';
import { TextLink } from '../../parts/TextLink';
import { useTexts } from '../../texts';

/** What was bought, and what it comes to. */
export function Lines({ order }: { order: Order }) {
  const { order: texts } = useTexts();
  const format = useFormats();
  const sums: [name: string, amount: Order['total']][] = [
    [texts.subtotal, order.subtotal],
    [texts.shipping, order.shipping],
    [texts.tax, order.tax],
  ];
  return (
    <Section title={texts.items}>
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
        {order.items.map((line) => (
          <Line key={line.sku} line={line} />
        ))}
      </Stack>
      <Divider my="sm" />
      <dl style={{ margin: 0 }}>
        {sums.map(([name, amount]) => (
          <Group key={name} justify="space-between" py={2}>
            <Text component="dt" size="sm" c="dimmed">
              {name}
            </Text>
            <Text component="dd" size="sm" m={0}>
              {format.money(amount)}
            </Text>
          </Group>
        ))}
        <Group justify="space-between" pt={6}>
          <Text component="dt" fw={600}>
            {texts.total}
          </Text>
          <Text component="dd" fw={600} m={0}>
            {format.money(order.total)}
          </Text>
        </Group>
      </dl>
    </Section>
  );
}

function Line({ line }: { line: Order['items'][number] }) {
  const { order: texts } = useTexts();
  const format = useFormats();
  const may = useMay();
  return (
    <Group component="li" wrap="nowrap" align="start" gap="sm">
      {line.image ? (
        <Image
          {...picture(line.image, '56px')}
          alt=""
          w={56}
          h={56}
          radius="sm"
          loading="lazy"
          style={{ flexShrink: 0 }}
        />
      ) : (
        <Box w={56} h={56} bg="var(--mantine-color-default-hover)" style={{ flexShrink: 0 }} />
      )}
      <Box flex={1} miw={0}>
        {may('catalog:write') ? (
          <TextLink fw={500} to="/products/$id" params={{ id: line.product_id }}>
            {line.title}
          </TextLink>
        ) : (
          <Text fw={500}>{line.title}</Text>
        )}
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {[line.variant_title, line.sku].filter(Boolean).join(' · ')}
        </Text>
      </Box>
      <Box ta="right" style={{ flexShrink: 0 }}>
        <Text>{format.money(line.total)}</Text>
        <Text size="sm" c="dimmed">
          {format.number(line.quantity)} × {format.money(line.unit_price)}
        </Text>
        {(line.refunded_quantity ?? 0) > 0 && (
          <Text size="sm" c="dimmed">
            {texts.unitsRefunded(line.refunded_quantity ?? 0)}
          </Text>
        )}
      </Box>
    </Group>
  );
}
