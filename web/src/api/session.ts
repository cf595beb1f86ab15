/**
 * Who is logged in. The access token lives in memory only; what brings it back after a reload is a
 * cookie that scripts cannot read. A mark in the local storage tells whether there is such a
 * cookie, so that nobody asks in vain.
 */

import { Problem, type ProblemBody } from './problem';
import type { components } from './schema';

export type User = components['schemas']['Profile'];

type Session = {
  user: User;
  token: string /** When to get the next token, in ms. */;
  renewAt: number;
};

const MARK = 'cartwright.session';
/** Seconds before its end at which an access token is replaced. */
const EARLY = 30;

let session: Session | null = null;
let restoring: Promise<Session | null> | null = null;
const listeners = new Set<() => void>();

type Tokens = { user: User; access_token: string; expires_in: number };

/** Takes what login, register or refresh have answered. */
export function begin({ user, access_token, expires_in }: Tokens): Session {
  session = { user, token: access_token, renewAt: Date.now() + (expires_in - EARLY) * 1000 };
  localStorage.setItem(MARK, '1');
  tell();
  return session;
}

/** Forgets who was logged in, here and in other tabs. */
export function forget() {
  session = null;
  localStorage.removeItem(MARK);
  tell();
}

/** Puts a changed profile in the place of the old one. */
export function update(user: User) {
  if (session) session = { ...session, user };
  tell();
}

export function user(): User | null {
  return session?.user ?? null;
}

/** Whether somebody is, or after a reload will turn out to be, logged in. */
export function expected(): boolean {
  return session !== null || localStorage.getItem(MARK) !== null;
}

/** A valid access token, or null for a guest. */
export async function token(): Promise<string | null> {
  if (session && Date.now() < session.renewAt) return session.token;
  return expected() ? ((await renew())?.token ?? null) : null;
}

/** Gets a new access token for the cookie; null where there is no session any more. */
export function renew(): Promise<Session | null> {
  restoring ??= oneAtATime().finally(() => (restoring = null));
  return restoring;
}

/** One at a time among all tabs too, as the cookie works once. */
async function oneAtATime(): Promise<Session | null> {
  return await navigator.locks.request('cartwright.session', exchange);
}

async function exchange(): Promise<Session | null> {
  const answer = await fetch('/api/v1/auth/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  });
  if (answer.ok) return begin((await answer.json()) as Tokens);
  if (answer.status === 401 || answer.status === 403) {
    forget();
    return null;
  }
  throw new Problem((await answer.json()) as ProblemBody);
}

export function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

// A logout in one tab is one in all.
addEventListener('storage', (event) => {
  if (event.key === MARK && event.newValue === null && session) {
    session = null;
    tell();
  }
});
