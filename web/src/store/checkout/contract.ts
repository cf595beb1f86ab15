/** What the description of the API does not say yet. */

import { api, type Schemas } from '../../api/client';
import type { Money } from '../../format';

export type QuoteLine = {
  sku: string;
  title: string;
  variant_title?: string | null;
  image?: string | null;
  quantity: number;
  unit_price: Money;
  total: Money;
  available?: number | null;
};

export type Quote = {
  items: QuoteLine[];
  subtotal: Money;
  shipping: Money;
  tax: Money;
  total: Money;
  shipping_required: boolean;
  shipping_methods: { code: string; name: string; price: Money }[];
};

export type Checkout = Schemas['Checkout'] & { shipping_method?: string };

type Post = (
  path: string,
  init: { body: unknown; headers?: Record<string, string> },
) => Promise<{ data?: never; error?: unknown; response: Response }>;

export const post = api.POST as unknown as Post;
