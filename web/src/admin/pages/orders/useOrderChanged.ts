import { useQueryClient } from '@tanstack/react-query';

import { type Order, orderQuery } from '../../orders';

/** Shows an order as it is by now, and asks again for all that may have changed with it. */
export function useOrderChanged(before: Order) {
  const queries = useQueryClient();
  return (now?: Order) => {
    if (now) {
      for (const name of [now.id, now.number]) queries.setQueryData(orderQuery(name).queryKey, now);
    }
    const keys = [['order'], ['orders'], ['payment', before.payment?.id], ['messages']];
    for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
  };
}
