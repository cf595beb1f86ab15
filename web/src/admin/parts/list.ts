/** Lists as tables show them, whether they come in pages or as a whole. */

import {
  keepPreviousData,
  type QueryKey,
  type UseQueryResult,
  useInfiniteQuery,
} from '@tanstack/react-query';
import { useMemo } from 'react';

export type List<T> = {
  /** Undefined until the first answer. */
  rows: T[] | undefined;
  error: unknown;
  again: () => void;
  /** Loads the next page, where there is one. */
  more?: (() => void) | undefined;
  loadingMore?: boolean;
  /** How many there are in all pages, where that was asked for. */
  total?: number | null | undefined;
  /** What is shown answers the question before; the next answer is on its way. */
  stale?: boolean;
};

type Page<T> = { items: T[]; next_cursor?: string | null; total?: number | null };

/** A list that comes in pages; `ask` gets the cursor of the page, none for the first. */
export function usePages<T>(
  queryKey: QueryKey,
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
  options: { refetchInterval?: (rows: T[]) => number | false } = {},
): List<T> {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      (state.data && options.refetchInterval?.(state.data.pages.flatMap((it) => it.items))) ??
      false,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((it) => it.items), [query.data]);
  return {
    rows,
    error: rows ? null : query.error,
    again: () => void query.refetch(),
    more: query.hasNextPage ? () => void query.fetchNextPage() : undefined,
    loadingMore: query.isFetchingNextPage,
    total: query.data?.pages[0]?.total,
    stale: query.isPlaceholderData,
  };
}

/** A list that comes as a whole. */
export function whole<T>(query: UseQueryResult<{ items: T[] }>): List<T> {
  return {
    rows: query.data?.items,
    error: query.data ? null : query.error,
    again: () => void query.refetch(),
  };
}
