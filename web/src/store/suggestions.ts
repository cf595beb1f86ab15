/** What is offered while somebody types into the search box. */

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, ok } from '../api/client';

export const suggestionsFor = (word: string) =>
  queryOptions({
    queryKey: ['suggestions', word],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/products/suggestions', { params: { query: { q: word } }, signal })),
    enabled: word !== '',
    staleTime: 5 * 60_000,
    // The list stays while the next letter's is on its way.
    placeholderData: word ? keepPreviousData : undefined,
    retry: false,
  });
