/** Coming and going. */

import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';

import { api, ok } from '../../api/client';
import * as session from '../../api/session';
import { cartQuery, mergeCart } from '../cart';
import { forgetDraft } from '../checkout/form';
import { ACCOUNT } from './queries';

/** Takes the answer to a login or a registration. */
export function useEnter() {
  const queries = useQueryClient();
  const { history } = useRouter();
  return async (answer: Parameters<typeof session.begin>[0], next: string) => {
    session.begin(answer);
    queries.removeQueries({ queryKey: [ACCOUNT] });
    // Logged in one is in any case; a cart that could not be merged now is at the next login.
    await mergeCart().catch(() => {});
    await queries.resetQueries(cartQuery);
    history.replace(next);
  };
}

/** Forgets everything that was the user's. */
export function useLeave() {
  const queries = useQueryClient();
  const { history } = useRouter();
  return (to = '/') => {
    session.forget();
    forgetDraft();
    queries.clear();
    history.replace(to);
  };
}

/** Ends the session at the shop, and here in any case. */
export function useLogOut() {
  const leave = useLeave();
  return async () => {
    await ok(api.POST('/api/v1/auth/logout'));
    leave();
  };
}
