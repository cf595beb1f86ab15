import { type Language, languages, useLanguage } from '../../texts';
import { chooseTheme, useTheme } from '../../theme';
import { useChooseLanguage } from '../account/useChooseLanguage';
import { Button } from '../parts/Button';
import { SelectField } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { useTexts } from '../texts';
import styles from './Preferences.module.css';

/** Language and colours, as the reader likes them. */
export function Preferences() {
  const { shell } = useTexts();
  const { language } = useLanguage();
  const choose = useChooseLanguage();
  const other = useTheme() === 'dark' ? 'light' : 'dark';
  return (
    <div className={styles.preferences}>
      <SelectField
        label={shell.language}
        value={language}
        onChange={(event) => choose(event.target.value as Language)}
      >
        {Object.entries(languages).map(([key, name]) => (
          <option key={key} value={key} lang={key}>
            {name}
          </option>
        ))}
      </SelectField>
      <Button look="outline" onClick={() => chooseTheme(other)}>
        <Icon name={other === 'dark' ? 'moon' : 'sun'} />
        {shell.theme[other]}
      </Button>
    </div>
  );
}
