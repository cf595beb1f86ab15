import { useEffect, useState } from 'react';

import { useTexts } from '../texts';
import { Icon } from './Icon';
import styles from './Stepper.module.css';

type Props = {
  value: number;
  onChange: (value: number) => void;
  /** Of what it counts, for its name. */
  label: string;
  min?: number;
  max: number;
};

/** A number of pieces: one more, one less, or typed. */
export function Stepper({ value, onChange, label, min = 1, max }: Props) {
  const { cart: texts } = useTexts();
  const [typed, setTyped] = useState(String(value));
  useEffect(() => setTyped(String(value)), [value]);
  const take = () => {
    const number = Math.round(Number(typed));
    const allowed = Math.max(min, Math.min(max, number));
    if (typed.trim() === '' || !Number.isFinite(number)) return setTyped(String(value));
    setTyped(String(allowed));
    if (allowed !== value) onChange(allowed);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend would be one more name to hear
    <div className={styles.stepper} role="group" aria-label={label}>
      <button
        type="button"
        aria-label={texts.decrease}
        aria-disabled={value <= min}
        onClick={() => value > min && onChange(value - 1)}
      >
        <Icon name="minus" size={16} />
      </button>
      <input
        inputMode="numeric"
        aria-label={label}
        value={typed}
        onChange={(event) => setTyped(event.target.value.replace(/\D/g, ''))}
        onBlur={take}
        onKeyDown={(event) => event.key === 'Enter' && take()}
      />
      <button
        type="button"
        aria-label={texts.increase}
        aria-disabled={value >= max}
        onClick={() => value < max && onChange(value + 1)}
      >
        <Icon name="plus" size={16} />
      </button>
    </div>
  );
}
