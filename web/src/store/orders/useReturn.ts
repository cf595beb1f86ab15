/** Coming back from a page of the customer's bank. */

import { useEffect, useRef, useState } from 'react';

import type { Order } from './timeline';
import { useConfirm } from './useConfirm';

/** Tells the shop once that the customer is back; until then nothing else is offered. */
export function useReturn(order: Order, returned: boolean) {
  const [told, setTold] = useState(false);
  const { tell, busy, undone } = useConfirm(order);
  const once = useRef(false);
  useEffect(() => {
    if (!returned || once.current) return;
    once.current = true;
    const done = () => setTold(true);
    tell(undefined).then(done, done);
  }, [returned, tell]);
  return { checking: (returned && !told) || busy, undone };
}
