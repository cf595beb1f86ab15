import { Skeleton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { ErrorState } from './ErrorState';

type Props<T> = {
  query: UseQueryResult<T>;
  /** Height of what comes, while it does. */
  height: number | string;
  children: (data: T) => ReactNode;
};

/** What a question was answered with; until then a skeleton, or why there is no answer. */
export function Loaded<T>({ query, height, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ErrorState error={query.error} again={() => void query.refetch()} />;
  return <Skeleton h={height} />;
}
