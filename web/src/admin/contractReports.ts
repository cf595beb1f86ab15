/** Reports, which the API's description here does not have yet; gone when it does. */

import { api } from '../api/client';
import type { Money } from '../format';

type Answer = Promise<{ data?: never; error?: unknown; response: Response }>;

/** The client without knowing the paths. */
export const soon = api as unknown as {
  GET: (path: string, init: { params: { query: Record<string, string> } }) => Answer;
};

export type SalesReport = {
  from: string;
  to: string;
  currency: string;
  days: {
    day: string;
    orders: number;
    revenue: Money;
    units: number;
    cancelled: number;
    refunded: Money;
  }[];
  totals: {
    orders: number;
    revenue: Money;
    average: Money;
    units: number;
    cancelled: number;
    refunded: Money;
  };
  top_products: { product_id: string; title: string; units: number; revenue: Money }[];
};

export type CartsReport = {
  days: { day: string; carts: number; ordered: number }[];
  totals: { carts: number; ordered: number; conversion: number | null };
};
