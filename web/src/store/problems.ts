/** What went wrong, in the reader's words. */

import { isProblem } from '../api/problem';
import { useTexts } from './texts';

/** Gives errors a sentence: ours where there is one, else the API's own. */
export function useSaid() {
  const { failed, problems } = useTexts();
  return (error: unknown): string => {
    if (!isProblem(error)) return failed.unreachable;
    const seconds = error.body.retry_after;
    if (error.status === 429 && typeof seconds === 'number') return problems.tooMany(seconds);
    const known = problems.byCode as Record<string, string>;
    return known[error.code] ?? error.message;
  };
}

/** The same for what the API says about one field; ours are known by how its words begin. */
export function useInWords() {
  const { problems } = useTexts();
  const known = Object.entries(problems.byMessage);
  return (message: string): string =>
    known.find(([beginning]) => message.startsWith(beginning))?.[1] ?? message;
}
