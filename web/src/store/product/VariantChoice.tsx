import { useId } from 'react';

import { announce } from '../announce';
import { Hidden } from '../parts/Hidden';
import type { Product, Variant } from '../products';
import { useTexts } from '../texts';
import { choose, type Group, groups } from './choice';
import styles from './VariantChoice.module.css';

type Props = {
  product: Product;
  present: Variant;
  onChoose: (variant: Variant) => void;
};

/** A group of radio buttons for each option; together they always mean one variant. */
export function VariantChoice({ product: { options, variants }, present, onChoose }: Props) {
  const { product: texts } = useTexts();
  function take(index: number, value: string) {
    const meant = choose(options, variants, present, index, value);
    if (!meant) return;
    onChoose(meant);
    const others = options.filter(
      ({ name }, at) => at !== index && meant.options[name] !== present.options[name],
    );
    // What had to give way is not where the focus is.
    if (others.length > 0) {
      announce(
        texts.alsoChanged(others.map(({ name }) => `${name}: ${meant.options[name]}`).join(', ')),
      );
    }
  }
  return (
    <div className={styles.choice}>
      {groups(options, variants, present).map((group, index) => (
        <Values key={group.name} group={group} onChoose={(value) => take(index, value)} />
      ))}
    </div>
  );
}

function Values({ group, onChoose }: { group: Group; onChoose: (value: string) => void }) {
  const { product: texts } = useTexts();
  const id = useId();
  const none = group.values.filter((it) => it.fate === 'none').map((it) => it.value);
  return (
    <fieldset aria-describedby={none.length > 0 ? `${id}-none` : undefined}>
      <legend className={styles.legend}>
        {group.name}: <span className={styles.chosen}>{group.chosen}</span>
      </legend>
      <div className={styles.values}>
        {group.values.map(({ value, fate }) => (
          <label key={value} className={styles.value} data-fate={fate}>
            <input
              type="radio"
              name={id}
              value={value}
              checked={value === group.chosen}
              disabled={fate === 'none'}
              onChange={() => onChoose(value)}
            />
            <span>
              {value}
              {fate === 'gone' && <Hidden>, {texts.optionOutOfStock}</Hidden>}
            </span>
          </label>
        ))}
      </div>
      {none.length > 0 && (
        <p id={`${id}-none`} className={styles.none}>
          {texts.unavailable(none.join(', '), group.because.join(', '))}
        </p>
      )}
    </fieldset>
  );
}
