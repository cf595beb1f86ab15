import { useQueryClient } from '@tanstack/react-query';

import * as session from '../../../api/session';
import { type User, userQuery } from '../../users';

/** Shows an account as it is by now; what oneself may do changes at once. */
export function useUserChanged(id: string) {
  const queries = useQueryClient();
  return (now: User) => {
    queries.setQueryData(userQuery(id).queryKey, now);
    void queries.invalidateQueries({ queryKey: ['user', id] });
    void queries.invalidateQueries({ queryKey: ['users'] });
    if (session.user()?.id === id) session.update(now);
  };
}
