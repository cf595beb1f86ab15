/** Revenue, orders and carts of the days one looks back at. */

import { AreaChart, BarChart } from '@mantine/charts';
import { Paper, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { major, minor, useFormats } from '../../../format';
import { useMay } from '../../may';
import { ErrorState } from '../../parts/ErrorState';
import { PlainTable } from '../../parts/PlainTable';
import { Section } from '../../parts/Section';
import { TextLink } from '../../parts/TextLink';
import { carts as cartsQuery, type Range, sales as salesQuery } from '../../reports';
import { useTexts } from '../../texts';
import { Chart, useDay } from './Chart';

export function Sales({ days }: { days: Range }) {
  const { dashboard: texts } = useTexts();
  const formats = useFormats();
  const sales = useQuery(salesQuery(days));
  const carts = useQuery(cartsQuery(days));
  const totals = sales.data?.totals;
  const conversion = carts.data?.totals.conversion;
  return (
    <Stack gap="lg">
      <SimpleGrid component="dl" m={0} cols={{ base: 2, md: 4 }} spacing={{ base: 'sm', sm: 'lg' }}>
        <Figure
          name={texts.revenue}
          failed={sales.isError}
          value={totals && formats.money(totals.revenue)}
        />
        <Figure
          name={texts.orders}
          failed={sales.isError}
          value={totals && formats.number(totals.orders)}
        />
        <Figure
          name={texts.averageOrderValue}
          failed={sales.isError}
          value={totals && formats.money(totals.average)}
        />
        <Figure
          name={texts.conversionRate}
          failed={carts.isError}
          value={carts.data && (typeof conversion === 'number' ? formats.percent(conversion) : '–')}
        />
      </SimpleGrid>
      {sales.error && <ErrorState error={sales.error} again={() => void sales.refetch()} />}
      <Charts days={days} />
    </Stack>
  );
}

type FigureProps = { name: string; value: string | undefined; failed: boolean };

function Figure({ name, value, failed }: FigureProps) {
  return (
    <Paper withBorder p="md">
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} fz={{ base: 'h4', sm: 'h2' }} fw={700} lh={1.3}>
        {value ??
          (failed ? '–' : <Skeleton component="span" display="block" h={30} my={3} w="70%" />)}
      </Text>
    </Paper>
  );
}

function Charts({ days }: { days: Range }) {
  const { dashboard: texts } = useTexts();
  const formats = useFormats();
  const day = useDay();
  const sales = useQuery(salesQuery(days));
  const carts = useQuery(cartsQuery(days));
  const currency = sales.data?.currency ?? 'USD';
  const money = (value: number) => formats.money({ amount: minor(value, currency) ?? 0, currency });
  const sold = sales.data?.days.map((it) => ({
    day: day(it.day),
    revenue: major(it.revenue),
    orders: it.orders,
  }));
  const filled = carts.data?.days.map((it) => ({ ...it, day: day(it.day) }));
  return (
    <>
      <Chart
        title={texts.revenueByDay}
        failed={sales.isError}
        head={[texts.day, texts.revenue, texts.orders, texts.unitsSold, texts.refunded]}
        rows={sales.data?.days.map((it) => [
          day(it.day),
          formats.money(it.revenue),
          formats.number(it.orders),
          formats.number(it.units),
          formats.money(it.refunded),
        ])}
      >
        <AreaChart
          h={260}
          data={sold ?? []}
          dataKey="day"
          series={[{ name: 'revenue', label: texts.revenue, color: 'brand.6' }]}
          valueFormatter={money}
          curveType="monotone"
          tickLine="none"
          gridAxis="x"
          withDots={days === 7}
          yAxisProps={{ width: 72 }}
          xAxisProps={{ minTickGap: 24 }}
          areaChartProps={{ accessibilityLayer: false }}
        />
      </Chart>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Chart
          title={texts.ordersByDay}
          failed={sales.isError}
          head={[texts.day, texts.orders, texts.cancelled]}
          rows={sales.data?.days.map((it) => [
            day(it.day),
            formats.number(it.orders),
            formats.number(it.cancelled),
          ])}
        >
          <BarChart
            h={220}
            data={sold ?? []}
            dataKey="day"
            series={[{ name: 'orders', label: texts.orders, color: 'brand.6' }]}
            valueFormatter={formats.number}
            tickLine="none"
            gridAxis="x"
            yAxisProps={{ allowDecimals: false, width: 40 }}
            xAxisProps={{ minTickGap: 24 }}
            barChartProps={{ accessibilityLayer: false }}
          />
        </Chart>
        <Chart
          title={texts.cartsByDay}
          failed={carts.isError}
          head={[texts.day, texts.carts, texts.ordered]}
          rows={carts.data?.days.map((it) => [
            day(it.day),
            formats.number(it.carts),
            formats.number(it.ordered),
          ])}
        >
          <BarChart
            h={220}
            data={filled ?? []}
            dataKey="day"
            series={[
              { name: 'carts', label: texts.carts, color: 'gray.5' },
              { name: 'ordered', label: texts.ordered, color: 'brand.6' },
            ]}
            valueFormatter={formats.number}
            withLegend
            tickLine="none"
            gridAxis="x"
            yAxisProps={{ allowDecimals: false, width: 40 }}
            xAxisProps={{ minTickGap: 24 }}
            barChartProps={{ accessibilityLayer: false }}
          />
        </Chart>
      </SimpleGrid>
      <TopProducts days={days} />
    </>
  );
}

function TopProducts({ days }: { days: Range }) {
  const { dashboard: texts } = useTexts();
  const formats = useFormats();
  const may = useMay();
  const sales = useQuery(salesQuery(days));
  if (sales.isError) return null;
  const top = sales.data?.top_products;
  return (
    <Section title={texts.topProducts}>
      {!top && <Skeleton h={180} />}
      {top?.length === 0 && <Text c="dimmed">{texts.noSales}</Text>}
      {top && top.length > 0 && (
        <PlainTable
          label={texts.topProducts}
          head={[texts.product, texts.unitsSold, texts.revenue]}
          right={[1, 2]}
          rows={top.map((it) => ({
            key: it.product_id,
            cells: [
              may('catalog:write') ? (
                <TextLink key="title" to="/products/$id" params={{ id: it.product_id }}>
                  {it.title}
                </TextLink>
              ) : (
                it.title
              ),
              formats.number(it.units),
              formats.money(it.revenue),
            ],
          }))}
        />
      )}
    </Section>
  );
}
