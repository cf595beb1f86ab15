/** Parts of the API that its description here does not have yet; gone when it does. */

import { api } from '../api/client';
import type { ProblemBody } from '../api/problem';
import type { Money } from '../format';

type Answer = Promise<{ data?: never; error?: unknown; response: Response }>;
type Init = {
  params?: { path?: Record<string, string>; query?: Record<string, unknown> };
  body?: unknown;
};

/** The client without knowing the paths. */
export const soon = api as unknown as Record<
  'GET' | 'POST' | 'PATCH',
  (path: string, init?: Init) => Answer
>;

export type BulkAction = 'publish' | 'archive' | 'draft' | 'delete';
export type Outcome = { id: string; ok: boolean; problem?: ProblemBody };
export type StockOutcome = { sku: string; ok: boolean; problem?: ProblemBody };
export type Media = { id: string; url: string; width: number; height: number };

export type Remark = { row: number; column?: string; product?: string; message: string };

export type ImportPreview = {
  rows: number;
  products: number;
  created: number;
  updated: number;
  unchanged?: number;
  failed?: number;
  errors: Remark[];
  warnings?: Remark[];
  sample: {
    slug: string;
    title: string;
    variants: number;
    price: Money;
    action: 'create' | 'update' | 'unchanged';
  }[];
};

export type Import = {
  id: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
  file_name: string;
  rows: number;
  rows_done: number;
  created: number;
  updated: number;
  unchanged?: number;
  failed: number;
  error?: string;
  errors?: Remark[];
  warnings?: Remark[];
  created_at: string;
  finished_at?: string | null;
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
