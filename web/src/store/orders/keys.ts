/** What opens the orders that a guest made in this browser, or came to by the link of a mail. */

const KEPT = 'cartwright.orders';
/** Older ones are forgotten. */
const MOST = 50;

/** Both are secrets: either opens the order. */
export type OrderSecrets = {
  /** What the checkout answered with. */
  token?: string;
  /** What the link of a mail carries; it expires, and the shop can revoke it. */
  key?: string;
};

type Kept = OrderSecrets & { id: string };

function kept(): Kept[] {
  return JSON.parse(localStorage.getItem(KEPT) ?? '[]') as Kept[];
}

/** Keeps what opens an order, beside what is known for it; `id` may be its number. */
export function keepOrderSecrets(id: string, secrets: OrderSecrets) {
  const all = kept();
  const known = all.find((it) => it.id === id);
  const others = all.filter((it) => it.id !== id);
  const now = { ...known, ...secrets, id };
  localStorage.setItem(KEPT, JSON.stringify([...others, now].slice(-MOST)));
}

/** What opens the order, by its id or its number; nothing where only an account does. */
export function orderSecrets(id: string): OrderSecrets {
  const { token, key } = kept().find((it) => it.id === id) ?? {};
  return { ...(token && { token }), ...(key && { key }) };
}

/** What the link of a mail carries after its `#`, where no server sees it. */
export function ofHash(hash: string, name: 'key' | 'token'): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get(name) || undefined;
}

/** What the link to an order carries. Mails of old have the token in it. */
export function secretsOf(hash: string): OrderSecrets | undefined {
  const key = ofHash(hash, 'key');
  if (key) return { key };
  const token = ofHash(hash, 'token');
  return token ? { token } : undefined;
}

/** What requests for an order carry; nothing for who is known by their account. */
export function orderHeaders(id: string): { 'X-Order-Token'?: string; 'X-Order-Key'?: string } {
  const { token, key } = orderSecrets(id);
  return { ...(token && { 'X-Order-Token': token }), ...(key && { 'X-Order-Key': key }) };
}
