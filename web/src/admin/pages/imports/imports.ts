/** Questions about imports. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok } from '../../../api/client';
import type { Import } from '../../catalog';
import type { Tone } from '../../parts/StatusBadge';

/** How often it is looked how far an import is, in ms. */
const EVERY = 1_000;

export const isOver = (it: Import) => it.state === 'done' || it.state === 'failed';

export const importById = (id: string) =>
  queryOptions({
    queryKey: ['imports', 'one', id],
    queryFn: () => ok(api.GET('/api/v1/products/imports/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : EVERY),
  });

export const tones: Record<Import['state'], Tone> = {
  waiting: 'quiet',
  running: 'busy',
  done: 'good',
  failed: 'bad',
};
