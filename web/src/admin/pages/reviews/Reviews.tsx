/** Reviews to moderate: those that wait first. */

import { Button, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';

import { useFormats } from '../../../format';
import { type Column, DataTable } from '../../parts/DataTable';
import { usePages } from '../../parts/list';
import { PageHead } from '../../parts/PageHead';
import { StatusBadge } from '../../parts/StatusBadge';
import { reviewTone } from '../../parts/states';
import { findReviews, REVIEW_STATUSES, type Review } from '../../reviews';
import { useTexts } from '../../texts';
import { Approving } from './Approving';
import { Decision } from './Decision';
import { Product } from './Product';
import { Stars } from './Stars';

const route = getRouteApi('/inside/reviews');

export function Reviews() {
  const { reviews, shell, states } = useTexts();
  const { status = 'pending' } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState(new Set<string>());
  const wanted = status === 'all' ? undefined : status;
  const list = usePages(['reviews', { status: wanted }], (cursor) => findReviews(wanted, cursor));
  const changed = () => {
    setChosen(new Set());
    void queries.invalidateQueries({ queryKey: ['reviews'] });
  };
  const columns = useColumns(changed);
  const selected = (list.rows ?? []).filter((it) => chosen.has(it.id));
  return (
    <>
      <PageHead title={shell.reviews} />
      <Stack>
        <SegmentedControl
          aria-label={reviews.status}
          style={{ alignSelf: 'start', maxWidth: '100%' }}
          value={status}
          onChange={(it) => {
            setChosen(new Set());
            const status = it as typeof wanted | 'all';
            void navigate({ search: { status }, replace: true });
          }}
          data={[
            ...REVIEW_STATUSES.map((value) => ({ value, label: states.review[value] })),
            { value: 'all', label: reviews.all },
          ]}
        />
        <Approving reviews={selected} done={changed} />
        <Text size="sm" c="dimmed" role="status">
          {list.total === undefined || list.total === null ? '\u00a0' : reviews.found(list.total)}
        </Text>
        <DataTable
          label={shell.reviews}
          list={list}
          columns={columns}
          id={(it) => it.id}
          selection={{ chosen, set: setChosen, name: (it) => it.title || it.author }}
          empty={
            status === 'pending'
              ? {
                  ...reviews.noPending,
                  action: (
                    <Button
                      variant="default"
                      onClick={() => void navigate({ search: { status: 'all' } })}
                    >
                      {reviews.viewAll}
                    </Button>
                  ),
                }
              : reviews.noResults
          }
        />
      </Stack>
    </>
  );
}

function useColumns(changed: () => void): Column<Review>[] {
  const { reviews, states } = useTexts();
  const format = useFormats();
  return [
    {
      key: 'review',
      head: reviews.review,
      cell: (it) => (
        <Stack gap={4} maw="36rem">
          <Stars rating={it.rating} />
          <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
            {it.title}
          </Text>
          <Text size="sm" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
            {it.body}
          </Text>
          {it.reason && (
            <Text size="sm" c="dimmed">
              {reviews.because(it.reason)}
            </Text>
          )}
          <Text size="xs" c="dimmed">
            {reviews.by(it.author, format.date(it.created_at))}
            {it.verified_purchase && ` · ${reviews.verified}`}
          </Text>
          <Text size="sm" hiddenFrom="md" component="div">
            <Product id={it.product_id} />
          </Text>
          <Decision review={it} changed={changed} hiddenFrom="md" />
        </Stack>
      ),
    },
    {
      key: 'product',
      head: reviews.product,
      from: 'md',
      cell: (it) => <Product id={it.product_id} />,
    },
    {
      key: 'status',
      head: reviews.status,
      from: 'sm',
      cell: (it) => (
        <StatusBadge tone={reviewTone[it.status]}>{states.review[it.status]}</StatusBadge>
      ),
    },
    {
      key: 'actions',
      head: reviews.actions,
      from: 'md',
      cell: (it) => <Decision review={it} changed={changed} />,
    },
  ];
}
