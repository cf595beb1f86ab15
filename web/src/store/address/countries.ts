/** Questions to the shop about countries: where it delivers, and how addresses are written there. */

import { queryOptions, useQueryClient } from '@tanstack/react-query';

import { api, ok } from '../../api/client';
import type { Rules } from './fields';

/** They change with the settings or the release of the shop only. */
const staleTime = Number.POSITIVE_INFINITY;

/** Every country, and whether the shop delivers there. */
export const countriesQuery = queryOptions({
  queryKey: ['countries'],
  queryFn: () => ok(api.GET('/api/v1/countries', { params: { query: { all: true } } })),
  staleTime,
});

export const rulesQuery = (country: string) =>
  queryOptions({
    queryKey: ['country', country],
    queryFn: () => ok(api.GET('/api/v1/countries/{code}', { params: { path: { code: country } } })),
    staleTime,
    enabled: country !== '',
  });

/** The rules of a country as far as they are here. */
export function useKnownRules(): (country: string) => Rules | undefined {
  const queries = useQueryClient();
  return (country) => queries.getQueryData(rulesQuery(country).queryKey);
}
