import type { Bound } from '../forms/useForm';
import { TextField } from '../parts/Field';
import { useTexts } from '../texts';

/** The code of a mail, for who has not come by its link. */
export function CodeField({ field }: { field: Bound }) {
  const { auth: texts } = useTexts();
  return (
    <TextField
      {...field}
      label={texts.code}
      hint={texts.codeHint}
      required
      maxLength={512}
      autoComplete="one-time-code"
      spellCheck={false}
    />
  );
}
