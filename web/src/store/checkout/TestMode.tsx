import { Note } from '../parts/Note';
import { useTexts } from '../texts';
import type { Paying } from './methods';
import { isTest } from './offered';

/** Says that no real money is moved, where that is so. */
export function TestMode({ paying }: { paying: Paying }) {
  const { payment: texts } = useTexts();
  if (!isTest(paying.query.data)) return null;
  return <Note kind="warn">{texts.testMode}</Note>;
}
