/** Questions about what others think of a product, and one's own say. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../api/client';

export type Review = Schemas['Review'];
export type Summary = Schemas['RatingSummary'];

export const reviewSorts = ['newest', 'oldest', 'highest', 'lowest'] as const;
export type ReviewSort = (typeof reviewSorts)[number];

/** Reviews that are added at a time. */
const SOME = 10;

export const reviewsOf = (id: string, sort: ReviewSort, rating: number | undefined) =>
  infiniteQueryOptions({
    queryKey: ['reviews', id, sort, rating],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET('/api/v1/products/{id}/reviews', {
          params: {
            path: { id },
            query: {
              sort,
              limit: SOME,
              ...(rating && { rating }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export function useWriteReview(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (review: { rating: number; title: string; body: string }) =>
      ok(
        api.POST('/api/v1/reviews', {
          body: { product_id: id, ...review, title: review.title || null },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['reviews', id] });
      void queries.invalidateQueries({ queryKey: ['product'] });
    },
  });
}
