/** Sends a file as the body of a request, and tells how much of it has gone. */

import { Problem, type ProblemBody, Unreachable } from '../api/problem';
import * as session from '../api/session';

type Told = { type: string; progress?: (part: number) => void; signal?: AbortSignal };

export async function upload<T>(path: string, file: Blob, told: Told): Promise<T> {
  const token = await session.token();
  return await new Promise((resolve, reject) => {
    // The one way to know how far it is: fetch tells nothing of a body on its way.
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', told.type);
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => told.progress?.(loaded / total);
    request.onerror = () => reject(new Unreachable('the connection broke'));
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'));
    request.onload = () => {
      if (request.status < 300) resolve(request.response as T);
      else if (request.response?.code) reject(new Problem(request.response as ProblemBody));
      else reject(new Unreachable(`status ${request.status}`));
    };
    told.signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
