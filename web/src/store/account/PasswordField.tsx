import { useState } from 'react';

import type { Bound } from '../forms/useForm';
import { TextField } from '../parts/Field';
import { useTexts } from '../texts';
import styles from './PasswordField.module.css';

type Props = { field: Bound; label: string; fresh?: boolean };

/** A password, which one may look at; for a new one the rules are told beforehand. */
export function PasswordField({ field, label, fresh = false }: Props) {
  const { auth: texts } = useTexts();
  const [seen, setSeen] = useState(false);
  return (
    <div className={styles.password}>
      <TextField
        {...field}
        label={label}
        hint={fresh ? texts.passwordRules : undefined}
        type={seen ? 'text' : 'password'}
        required
        maxLength={fresh ? 128 : 1024}
        autoComplete={fresh ? 'new-password' : 'current-password'}
        autoCapitalize="none"
        spellCheck={false}
      />
      <button
        type="button"
        className={styles.look}
        aria-pressed={seen}
        onClick={() => setSeen(!seen)}
      >
        {seen ? texts.hide : texts.show}
      </button>
    </div>
  );
}
