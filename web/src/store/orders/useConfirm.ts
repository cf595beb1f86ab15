/** Telling the shop what the customer did about their payment, and seeing what came of it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';

import { confirm, type Outcome, readSoon } from './queries';
import type { Order } from './timeline';

export function useConfirm(order: Order) {
  const queries = useQueryClient();
  const telling = useMutation({
    mutationFn: (outcome?: Outcome) => confirm(order, outcome),
    // Also where it was answered before: the order knows.
    onSettled: () => readSoon(queries, order.id),
  });
  const { data } = telling;
  return {
    tell: telling.mutateAsync,
    error: telling.error,
    /** What is being told. */
    outcome: telling.variables,
    /** Until the order shows it, which takes a moment longer than the answer. */
    busy: telling.isPending || (data !== undefined && data.status !== 'requires_action'),
    /** The payment still waits for the customer. */
    undone: data?.status === 'requires_action',
  };
}
