import { useBlocker } from '@tanstack/react-router';

import { useTexts } from '../texts';
import { useConfirm } from './confirm';

/** Asks before a page with changes that are not saved is left. */
export function useLeaveGuard(unsaved: () => boolean) {
  const { parts } = useTexts();
  const confirm = useConfirm();
  useBlocker({
    enableBeforeUnload: unsaved,
    shouldBlockFn: async ({ current, next }) => {
      if (current.pathname === next.pathname || !unsaved()) return false;
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
