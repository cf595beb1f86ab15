import { SegmentedControl } from '@mantine/core';

import { type Language, languages } from '../../../texts';
import { TEMPLATE_LANGUAGES } from '../../templates';
import { useTexts } from '../../texts';

type Props = { language: Language; set: (language: Language) => void };

/** In which language the texts of messages are looked at. */
export function LanguageTabs({ language, set }: Props) {
  const { templates } = useTexts();
  return (
    <SegmentedControl
      aria-label={templates.language}
      value={language}
      onChange={(it) => set(it as Language)}
      data={TEMPLATE_LANGUAGES.map((value) => ({ value, label: languages[value] }))}
    />
  );
}
