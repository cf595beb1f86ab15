/**
 * What is under way: a request that must have its effect once, kept before it is sent. Whoever
 * finds it (after a reload, in another tab, after a lost answer) sends the same key with the same
 * body again, so that it never takes effect twice.
 */

import { Problem, Unreachable } from '../../api/problem';

export type Attempt<B> = {
  /** The Idempotency-Key. */
  key: string;
  /** Whose request it is: the id of an account, or null for a guest. */
  user: string | null;
  /** The token of the guest's cart; keys of guests count per cart. */
  cart: string | null;
  body: B;
  /** When it was begun, in ms. */
  since: number;
};

/** Milliseconds after which nobody expects it to go on by itself any more. */
const FRESH = 15 * 60_000;

/** A place for one attempt at a time. */
export type Slot<B> = {
  /** Its key in the storage. */
  place: string;
  find(): Attempt<B> | null;
  /** Keeps a new attempt; where there is one already, that one is the answer. */
  begin(attempt: Omit<Attempt<B>, 'key' | 'since'>): Attempt<B>;
  /** The outcome is known. Another attempt that has taken its place stays. */
  end(key: string): void;
};

export function slot<B>(name: string, storage: Storage = localStorage): Slot<B> {
  const place = `cartwright.attempt.${name}`;
  const find = () => {
    const text = storage.getItem(place);
    return text ? (JSON.parse(text) as Attempt<B>) : null;
  };
  return {
    place,
    find,
    begin: (what) => {
      const before = find();
      if (before) return before;
      const attempt = { ...what, key: crypto.randomUUID(), since: Date.now() };
      storage.setItem(place, JSON.stringify(attempt));
      return attempt;
    },
    end: (key) => {
      if (find()?.key === key) storage.removeItem(place);
    },
  };
}

/** What an error says about an attempt. */
export type Verdict =
  /** Nobody knows what became of it: ask again. */
  | 'again'
  /** Only its owner gets to know: log in. */
  | 'login'
  /** It had no effect and never will. */
  | 'over';

/** Answers of the API that are a no for the moment only. */
const FOR_NOW = ['order_changed', 'order_undecided', 'idempotency_in_progress'];

export function verdict(error: unknown): Verdict {
  if (error instanceof Unreachable || !(error instanceof Problem)) return 'again';
  if (error.status === 401) return 'login';
  if (error.status >= 500 || [408, 425, 429].includes(error.status)) return 'again';
  return FOR_NOW.includes(error.code) ? 'again' : 'over';
}

/** Milliseconds to wait before the next try, longer each time. */
export function pause(tries: number): number {
  return Math.min(1_000 * 2 ** tries, 30_000);
}

/** Whether it is so old that its owner has to say again that it is wanted. */
export function isStale(attempt: Attempt<unknown>, now = Date.now()): boolean {
  return now - attempt.since > FRESH;
}
