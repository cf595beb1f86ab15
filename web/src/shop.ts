/**
 * What the server has put into the page: facts about the shop, and the answers the page is going to
 * ask for first, so that it need not.
 */

type Shop = {
  name: string;
  /** ISO 4217; the one currency of the shop. */
  currency: string;
};

/** Answers to GET requests, by path and query as `normal` writes them. */
type Answers = Record<string, unknown>;

function read<T>(id: string, otherwise: T): T {
  const text = document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : otherwise;
}

export const shop: Shop = read('shop', { name: 'Cartwright', currency: 'USD' });

const answers: Answers = Object.fromEntries(
  Object.entries(read<Answers>('answers', {})).map(([url, answer]) => [normal(url), answer]),
);

/** Takes the answer the server has sent along; each is given once, as it grows old. */
export function sentAlong(url: string): unknown {
  const key = normal(url);
  const answer = answers[key];
  delete answers[key];
  return answer;
}

/** A URL with its parameters in order. */
function normal(url: string): string {
  const { pathname, searchParams } = new URL(url, location.origin);
  searchParams.sort();
  return searchParams.size > 0 ? `${pathname}?${searchParams}` : pathname;
}
