/** Files of the API, which take a login and so cannot be fetched by a mere link. */

import { Problem, type ProblemBody, Unreachable } from '../api/problem';
import * as session from '../api/session';

/** Offers a file to be kept. */
export function saveFile(name: string, file: Blob) {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers begin to read it only then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

type Told = {
  /** What it is called where the answer does not say. */
  name: string;
  /** How many bytes have come. */
  progress?: (bytes: number) => void;
  signal?: AbortSignal;
};

/** Fetches a file and offers it to be kept. */
export async function download(path: string, { name, progress, signal }: Told) {
  const answer = await ask(path, signal);
  const parts: BlobPart[] = [];
  let bytes = 0;
  try {
    const reader = answer.body?.getReader();
    for (let it = await reader?.read(); it && !it.done; it = await reader?.read()) {
      parts.push(it.value as BlobPart);
      bytes += it.value.byteLength;
      progress?.(bytes);
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    // A half of a file is none.
    throw new Unreachable(error);
  }
  const type = answer.headers.get('content-type') ?? 'application/octet-stream';
  saveFile(named(answer.headers.get('content-disposition')) ?? name, new Blob(parts, { type }));
}

async function ask(path: string, signal: AbortSignal | undefined): Promise<Response> {
  const token = await session.token();
  const headers: HeadersInit = token ? { Authorization: `Bearer ${token}` } : {};
  let answer: Response;
  try {
    answer = await fetch(path, { headers, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(error);
  }
  if (answer.ok) return answer;
  const body = (await answer.json().catch(() => null)) as ProblemBody | null;
  throw body?.code ? new Problem(body) : new Unreachable(`status ${answer.status}`);
}

/** The file's name in the answer's `Content-Disposition`. */
export function named(head: string | null): string | undefined {
  return /filename="?([^";]+)"?/i.exec(head ?? '')?.[1];
}
