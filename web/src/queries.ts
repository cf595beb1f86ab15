import { QueryClient } from '@tanstack/react-query';

import { Problem } from './api/problem';

/** What has been read is shown for half a minute without asking again. */
export function queryClient() {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // A definite no stays one; what may have been an accident gets two more tries.
        retry: (failures, error) =>
          !(error instanceof Problem && error.status < 500) && failures < 2,
      },
    },
  });
}
