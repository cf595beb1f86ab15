import { useSyncExternalStore } from 'react';

import * as session from './session';

/** Who is logged in; null for a guest. Renders anew when that changes. */
export function useUser() {
  return useSyncExternalStore(session.subscribe, session.user);
}
