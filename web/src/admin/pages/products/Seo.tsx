import { Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';

import { useTexts } from '../../texts';
import styles from './Editor.module.css';
import type { Values } from './model';

/** Characters that search engines mostly show. */
const TITLE = 60;
const DESCRIPTION = 160;

/** What search engines are told, and about how they show it. */
export function Seo({ form }: { form: UseFormReturnType<Values> }) {
  const { editor: texts } = useTexts();
  const { title, slug, description, seo_title, seo_description } = form.values;
  const told = seo_description.trim() || plain(description);
  return (
    <>
      <div className={styles.result}>
        <Text size="xs" c="dimmed">
          {location.host} › products › {slug || '…'}
        </Text>
        <Text c="var(--mantine-color-anchor)" fw={500}>
          {cut(seo_title.trim() || title || texts.title, TITLE)}
        </Text>
        <Text size="sm" c="dimmed">
          {cut(told || texts.seoPlaceholder, DESCRIPTION)}
        </Text>
      </div>
      <TextInput
        label={texts.seoTitle}
        description={texts.recommendedLength(seo_title.length, TITLE)}
        placeholder={title}
        maxLength={255}
        {...form.getInputProps('seo_title')}
      />
      <Textarea
        label={texts.seoDescription}
        description={texts.recommendedLength(seo_description.length, DESCRIPTION)}
        autosize
        minRows={3}
        maxLength={2000}
        {...form.getInputProps('seo_description')}
      />
    </>
  );
}

function cut(text: string, length: number) {
  return text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text;
}

/** The words of a piece of HTML; nothing of it is loaded or run. */
function plain(html: string) {
  const text = new DOMParser().parseFromString(html, 'text/html').body.textContent ?? '';
  return text.replace(/\s+/g, ' ').trim();
}
