import { useEffect, useState } from 'react';

import * as session from '../../api/session';
import { useUser } from '../../api/useUser';

/** Who is logged in, null for a guest; undefined until that is known after a reload. */
export function useKnownUser(): session.User | null | undefined {
  const user = useUser();
  const [known, setKnown] = useState(() => user !== null || !session.expected());
  useEffect(() => {
    if (known) return;
    let left = false;
    // Where the shop does not answer, the page asks it other things too, and says so.
    const done = () => left || setKnown(true);
    session.token().then(done, done);
    return () => {
      left = true;
    };
  }, [known]);
  return user ?? (known ? null : undefined);
}
