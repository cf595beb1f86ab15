import type { ReactNode } from 'react';

import styles from './Choice.module.css';

type Option<V> = { value: V; label: ReactNode; more?: ReactNode; aside?: ReactNode };

type Props<V> = {
  /** What is chosen, said to those who do not see the heading above. */
  legend: string;
  name: string;
  /** Empty where nothing is chosen yet. */
  value: V | '';
  options: Option<V>[];
  onChange: (value: V) => void;
};

/** One of a few things, each with room for what there is to say about it. */
export function Choice<V extends string>({ legend, name, value, options, onChange }: Props<V>) {
  return (
    <fieldset className={styles.choice}>
      <legend className={styles.legend}>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} className={styles.option}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span className={styles.words}>
            <span className={styles.label}>{option.label}</span>
            {option.more && <span className={styles.more}>{option.more}</span>}
          </span>
          {option.aside && <span className={styles.aside}>{option.aside}</span>}
        </label>
      ))}
    </fieldset>
  );
}
