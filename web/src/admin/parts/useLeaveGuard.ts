import { useBlocker } from '@tanstack/react-router';

import { useTexts } from '../texts';
import { useConfirm } from './confirm';

/** Asks before a page with changes that are not saved is left. */
type Place = { pathname: string; search: unknown };

/** What is after the `?` chooses another text of the same template, for example. */
function isSame(current: Place, next: Place) {
  return (
    current.pathname === next.pathname &&
    JSON.stringify(current.search) === JSON.stringify(next.search)
  );
}

export function useLeaveGuard(unsaved: () => boolean) {
  const { parts } = useTexts();
  const confirm = useConfirm();
  useBlocker({
    enableBeforeUnload: unsaved,
    shouldBlockFn: async ({ current, next }) => {
      if (isSame(current, next) || !unsaved()) return false;
      const leave = await confirm({
        title: parts.leave.title,
        text: parts.leave.text,
        yes: parts.leave.leave,
        no: parts.leave.stay,
        danger: true,
      });
      return !leave;
    },
  });
}
