/** The API of the shop, typed after its own description. */

import createClient from 'openapi-fetch';

import { sentAlong } from '../shop';
import { Problem, type ProblemBody, Unreachable } from './problem';
import type { components, paths } from './schema';
import * as session from './session';

export type Schemas = components['schemas'];

/** Milliseconds after which nobody waits any longer. */
const PATIENCE = 20_000;

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

async function send(request: Request): Promise<Response> {
  if (request.method === 'GET') {
    const answer = sentAlong(request.url);
    if (answer !== undefined) return Response.json(answer);
  }
  const again = request.clone();
  const token = await authorize(request);
  const answer = await unnamed(request);
  // The session may have been ended elsewhere, or the clock be wrong: one new token, one more try.
  if (answer.status !== 401 || !token || !(await session.renew())) return answer;
  await authorize(again);
  return unnamed(again);
}

async function authorize(request: Request): Promise<string | null> {
  const token = await session.token();
  if (token) request.headers.set('Authorization', `Bearer ${token}`);
  return token;
}

/** Sends a request in nobody's name, for the few that are a guest's even after a login. */
export async function unnamed(request: Request): Promise<Response> {
  try {
    return await fetch(request, {
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE)]),
    });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable(error);
  }
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer, or its problem thrown. */
export async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  throw problem(error, response);
}

/** The same with the answer's head, where that tells something too. */
export async function okWithHead<T>(
  answer: Promise<Answer<T>>,
): Promise<{ data: T; response: Response }> {
  const { data, error, response } = await answer;
  if (response.ok) return { data: data as T, response };
  throw problem(error, response);
}

function problem(error: unknown, response: Response): Error {
  const told = error as ProblemBody | undefined;
  if (told && typeof told === 'object' && 'code' in told) return new Problem(told);
  return new Unreachable(`status ${response.status}`);
}
