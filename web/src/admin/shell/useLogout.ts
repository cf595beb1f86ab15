import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { api, ok } from '../../api/client';
import { isProblem } from '../../api/problem';
import * as session from '../../api/session';
import { useNotice } from '../parts/notice';

/** Ends the session, forgets what was read in it, and leads to the login. */
export function useLogout() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const notice = useNotice();
  return useMutation({
    mutationFn: async () => {
      try {
        await ok(api.POST('/api/v1/auth/logout'));
      } catch (error) {
        // Who is not logged in any more is logged out.
        if (!isProblem(error) || error.status !== 401) throw error;
      }
    },
    onSuccess: async () => {
      session.forget();
      await navigate({ to: '/login' });
      queries.clear();
    },
    onError: notice.failed,
  });
}
