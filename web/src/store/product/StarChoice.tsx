import { Hidden } from '../parts/Hidden';
import { Icon } from '../parts/Icon';
import { useTexts } from '../texts';
import styles from './StarChoice.module.css';

type Props = {
  id: string;
  name: string;
  label: string;
  /** '1' to '5', or empty. */
  value: string;
  error: string | undefined;
  autoFocus?: boolean;
  onChange: (value: string) => void;
  onBlur: () => void;
};

/** One to five stars, as radio buttons. */
export function StarChoice({ id, name, label, value, error, autoFocus, onChange, onBlur }: Props) {
  const { parts } = useTexts();
  return (
    <fieldset
      id={id}
      tabIndex={-1}
      aria-describedby={error ? `${id}-error` : undefined}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && onBlur()}
    >
      <legend className={styles.label}>{label}</legend>
      <div className={styles.stars}>
        {['1', '2', '3', '4', '5'].map((it) => (
          <label key={it} className={styles.star} data-on={it <= value}>
            <input
              type="radio"
              name={name}
              value={it}
              checked={it === value}
              // biome-ignore lint/a11y/noAutofocus: the form was asked for
              autoFocus={autoFocus && it === '1'}
              aria-invalid={!!error}
              onChange={() => onChange(it)}
            />
            <Hidden>{parts.stars(it)}</Hidden>
            <svg aria-hidden="true" viewBox="0 0 24 24" width="28" height="28">
              <path d="M12 2.6l2.9 5.9 6.5.9-4.7 4.6 1.1 6.5-5.8-3.1-5.8 3.1 1.1-6.5-4.7-4.6 6.5-.9z" />
            </svg>
          </label>
        ))}
      </div>
      {error && (
        <p id={`${id}-error`} className={styles.error}>
          <Icon name="alert" size={16} />
          {error}
        </p>
      )}
    </fieldset>
  );
}
