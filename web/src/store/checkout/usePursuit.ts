/** Follows an attempt until its outcome is known, whatever happens to the page meanwhile. */

import { useEffect, useRef, useState } from 'react';

import { type Attempt, isStale, pause, type Slot, verdict } from './attempt';

type Phase =
  /** Sent for the first time. */
  | 'sending'
  /** Sent before, here or elsewhere; the outcome is not known yet. */
  | 'asking'
  /** Found, but too old to be repeated unasked. */
  | 'stale'
  /** Its owner has to log in to hear the outcome. */
  | 'login';

export type Pursuit<B> = { phase: Phase; attempt: Attempt<B>; tries: number };

type Options<B, R> = {
  slot: Slot<B>;
  send: (attempt: Attempt<B>) => Promise<R>;
  onDone: (result: R) => void;
  /** It had no effect. */
  onRefused: (error: unknown) => void;
};

function found<B>(slot: Slot<B>): Pursuit<B> | null {
  const attempt = slot.find();
  return attempt && { phase: isStale(attempt) ? 'stale' : 'asking', attempt, tries: 0 };
}

export function usePursuit<B, R>(options: Options<B, R>) {
  const { slot } = options;
  const [pursuit, setPursuit] = useState(() => found(slot));
  const latest = useRef(options);
  latest.current = options;

  useEffect(() => {
    if (!pursuit || pursuit.phase === 'stale' || pursuit.phase === 'login') return;
    const { attempt, tries } = pursuit;
    let left = false;
    const ask = async () => {
      const { slot, send, onDone, onRefused } = latest.current;
      try {
        const result = await send(attempt);
        slot.end(attempt.key);
        if (left) return;
        setPursuit(null);
        onDone(result);
      } catch (error) {
        const says = verdict(error);
        if (says === 'over') slot.end(attempt.key);
        if (left) return;
        if (says === 'again') setPursuit({ phase: 'asking', attempt, tries: tries + 1 });
        else if (says === 'login') setPursuit({ phase: 'login', attempt, tries });
        else {
          setPursuit(null);
          onRefused(error);
        }
      }
    };
    const timer = setTimeout(ask, tries > 0 ? pause(tries - 1) : 0);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [pursuit]);

  // What another tab does about it concerns this one too.
  useEffect(() => {
    const look = (event: StorageEvent) => {
      if (event.key === slot.place)
        setPursuit((now) => (now && now.phase !== 'stale' ? now : found(slot)));
    };
    const online = () => setPursuit((now) => now && { ...now, tries: 0 });
    addEventListener('storage', look);
    addEventListener('online', online);
    return () => {
      removeEventListener('storage', look);
      removeEventListener('online', online);
    };
  }, [slot]);

  return {
    pursuit,
    /** Keeps the attempt and sends it; where one is under way already, follows that one. */
    begin: async (what: Omit<Attempt<B>, 'key' | 'since'>) => {
      const attempt = await navigator.locks.request(slot.place, () => slot.begin(what));
      setPursuit({ phase: 'sending', attempt, tries: 0 });
    },
    /** Asks at once, also where it had grown old. */
    ask: () => setPursuit((now) => now && { ...now, phase: 'asking', tries: 0 }),
    /** Forgets it; for who has said so. */
    drop: () => {
      if (pursuit) slot.end(pursuit.attempt.key);
      setPursuit(null);
    },
  };
}
