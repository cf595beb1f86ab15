/** Tells what became of what somebody did: short notifications, and words at the fields of a form. */

import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useMemo } from 'react';

import { isProblem } from '../../api/problem';
import { useTexts } from '../texts';

type Form = {
  setErrors: (errors: Record<string, string>) => void;
};

/** An error in words: our own where its code is known, else the API's. */
export function useExplain(): (error: unknown) => string {
  const { parts, problems } = useTexts();
  return (error) => {
    if (!isProblem(error)) return parts.unreachable;
    const known: Record<string, string> = problems;
    // What is wrong with a single thing that was sent says more than that something was.
    const only = error.body.errors?.length === 1 ? Object.values(error.fields)[0] : undefined;
    return (error.code === 'validation_failed' && only) || known[error.code] || error.message;
  };
}

export function useNotice() {
  const { parts } = useTexts();
  const explain = useExplain();
  // biome-ignore lint/correctness/useExhaustiveDependencies: explain is made of the same texts
  return useMemo(() => {
    const closeButtonProps = { 'aria-label': parts.close };
    return {
      /** It worked. */
      done(message: string) {
        notifications.show({
          message,
          color: 'teal',
          icon: <IconCheck size={18} aria-hidden />,
          role: 'status',
          closeButtonProps,
        });
      },
      /** What was filled in cannot be right; the form has marked where. */
      check() {
        this.wrong(parts.checkFields);
      },
      /** It cannot be done, for a reason known here. */
      wrong(message: string) {
        notifications.show({ message, color: 'red', role: 'alert', closeButtonProps });
      },
      /** It did not; wrong fields are marked in the form, if there is one. */
      failed(error: unknown, form?: Form) {
        const fields = isProblem(error) ? error.fields : {};
        const marked = form !== undefined && Object.keys(fields).length > 0;
        if (marked) form.setErrors(fields);
        notifications.show({
          title: parts.problem,
          message: marked ? parts.checkFields : explain(error),
          color: 'red',
          icon: <IconAlertTriangle size={18} aria-hidden />,
          autoClose: 8000,
          role: 'alert',
          closeButtonProps,
        });
      },
    };
  }, [parts]);
}
