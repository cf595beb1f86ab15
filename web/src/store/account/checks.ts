/** What can be told about the fields of an account before they are sent. */

import { isEmail } from '../checkout/form';
import { useTexts } from '../texts';

export function useChecks() {
  const { form } = useTexts();
  /** Leaves out the fields nothing is wrong with. */
  const only = (faults: Record<string, string | undefined>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(faults).filter((it): it is [string, string] => it[1] !== undefined),
    );
  return {
    only,
    given: (text: string) => (text.trim() === '' ? form.required : undefined),
    email: (text: string) => {
      if (text.trim() === '') return form.required;
      return isEmail(text) ? undefined : form.email;
    },
    newPassword: (text: string) => {
      if (text === '') return form.required;
      const length = [...text].length;
      return length < 8 || length > 128 ? form.password : undefined;
    },
  };
}
