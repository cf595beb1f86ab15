/** What the description of the API does not have yet. Goes as soon as it does. */

import { api, type Schemas } from '../api/client';

type Ref = Schemas['CategoryRef'];

export type Suggestions = {
  products: {
    id: string;
    slug: string;
    title: string;
    image: string | null;
    price: Schemas['Money'];
  }[];
  categories: Ref[];
};

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;
type Get = <T>(
  path: string,
  how: { params?: { query: object }; signal?: AbortSignal },
) => Answer<T>;
const get = api.GET as unknown as Get;

export const getSuggestions = (q: string, signal: AbortSignal) =>
  get<Suggestions>('/api/v1/products/suggestions', { params: { query: { q } }, signal });

export const getRelated = (id: string) =>
  get<{ items: Schemas['Product'][] }>(`/api/v1/products/${id}/related`, {
    params: { query: { limit: 8 } },
  });
