/** What the admin asks about reviews, and decides. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';

export type Review = Schemas['Review'];
export type ReviewStatus = Schemas['ReviewStatus'];

export const REVIEW_STATUSES: ReviewStatus[] = ['pending', 'approved', 'rejected'];

/** Reviews of a status, newest first; of any where none is named. */
export const findReviews = (status: ReviewStatus | undefined, cursor?: string) =>
  ok(
    api.GET('/api/v1/reviews', {
      params: {
        query: { limit: 25, count: true, ...(status && { status }), ...(cursor && { cursor }) },
      },
    }),
  );

/** The product a review is about; it may be gone. */
export const reviewedQuery = (id: string) =>
  queryOptions({
    queryKey: ['product', id],
    queryFn: () => ok(api.GET('/api/v1/products/{id}', { params: { path: { id } } })),
    staleTime: 5 * 60_000,
  });

export const decide = (id: string, status: ReviewStatus, reason?: string) =>
  ok(
    api.PATCH('/api/v1/reviews/{id}/status', {
      params: { path: { id } },
      body: { status, ...(reason && { reason }) },
    }),
  );

export const deleteReview = (id: string) =>
  ok(api.DELETE('/api/v1/reviews/{id}', { params: { path: { id } } }));
