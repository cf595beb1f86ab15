/** What is chosen of a list, be it shown or only found. */

import { useRef, useState } from 'react';

import type { Progress } from '../bulk';

/** As many as can be chosen at once: a list of more has to be narrowed first. */
export const MOST = 10_000;

type Page<T> = { items: T[]; next_cursor?: string | null; total?: number | null };
type Ask<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

export type Selection<T> = {
  chosen: Set<string>;
  set: (chosen: Set<string>) => void;
  clear: () => void;
  /** The chosen ones, as they were last read. */
  items: () => T[];
  find: (id: string) => T | undefined;
  /** Rows as they have turned out to be by now. */
  learn: (rows: T[]) => void;
  /** Chooses all that the list would show, page by page. */
  gather: (ask: Ask<T>) => Promise<void>;
  gathering: Progress | null;
  stop: () => void;
};

export function useSelection<T>(rows: T[] | undefined, id: (row: T) => string): Selection<T> {
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [gathering, setGathering] = useState<Progress | null>(null);
  const known = useRef(new Map<string, T>());
  const running = useRef<AbortController>(undefined);
  for (const row of rows ?? []) known.current.set(id(row), row);
  const stop = () => {
    running.current?.abort();
    setGathering(null);
  };
  return {
    chosen,
    set: setChosen,
    clear: () => {
      stop();
      setChosen(new Set());
    },
    items: () => [...chosen].flatMap((it) => known.current.get(it) ?? []),
    find: (it) => known.current.get(it),
    learn: (rows) => {
      for (const row of rows) known.current.set(id(row), row);
    },
    gathering,
    stop,
    gather: async (ask) => {
      stop();
      const control = new AbortController();
      running.current = control;
      const found = new Map<string, T>();
      let cursor: string | undefined;
      let of = 0;
      try {
        do {
          setGathering({ done: found.size, of });
          const page = await ask(cursor, control.signal);
          if (control.signal.aborted) return;
          of = Math.min(page.total ?? of, MOST);
          for (const row of page.items) found.set(id(row), row);
          cursor = page.next_cursor ?? undefined;
        } while (cursor && found.size < MOST);
      } catch (error) {
        if (control.signal.aborted) return;
        throw error;
      } finally {
        if (!control.signal.aborted) setGathering(null);
      }
      const first = [...found].slice(0, MOST);
      for (const [key, row] of first) known.current.set(key, row);
      setChosen(new Set(first.map(([key]) => key)));
    },
  };
}
