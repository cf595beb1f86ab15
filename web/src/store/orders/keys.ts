/** A guest's keys to the orders made in this browser. */

const KEPT = 'cartwright.orders';
/** Older ones are forgotten. */
const MOST = 50;

type Key = { id: string; token: string };

function keys(): Key[] {
  return JSON.parse(localStorage.getItem(KEPT) ?? '[]') as Key[];
}

export function keepOrderKey(id: string, token: string) {
  const others = keys().filter((it) => it.id !== id);
  localStorage.setItem(KEPT, JSON.stringify([...others, { id, token }].slice(-MOST)));
}

/** What the link of a mail carries after its `#`, where no server sees it. */
export function keyOf(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') || undefined;
}

/** What requests for an order carry; nothing for who is known by their account. */
export function orderHeader(id: string): { 'X-Order-Token'?: string } {
  const key = keys().find((it) => it.id === id);
  return key ? { 'X-Order-Token': key.token } : {};
}
