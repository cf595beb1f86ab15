import { Group, Input, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useState } from 'react';

import { useTexts } from '../../texts';
import styles from './Editor.module.css';
import type { Values } from './model';

/** What a product is called and what is told about it. */
export function Details({ form }: { form: UseFormReturnType<Values> }) {
  const { editor: texts } = useTexts();
  const [shown, setShown] = useState('write');
  return (
    <>
      <TextInput label={texts.title} required maxLength={255} {...form.getInputProps('title')} />
      <TextInput
        label={texts.slug}
        description={texts.slugHint}
        maxLength={255}
        {...form.getInputProps('slug')}
      />
      <div>
        <Group justify="space-between" mb={4}>
          <Input.Label htmlFor="description">{texts.description}</Input.Label>
          <SegmentedControl
            size="xs"
            aria-label={texts.description}
            value={shown}
            onChange={setShown}
            data={[
              { value: 'write', label: texts.write },
              { value: 'preview', label: texts.preview },
            ]}
          />
        </Group>
        {shown === 'write' ? (
          <Textarea
            id="description"
            description={texts.descriptionHint}
            autosize
            minRows={6}
            maxRows={20}
            maxLength={100_000}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            {...form.getInputProps('description')}
          />
        ) : (
          // In a frame where no script runs: only the shop decides what of it is harmless.
          <iframe
            className={styles.preview}
            title={texts.preview}
            sandbox=""
            srcDoc={form.values.description}
          />
        )}
      </div>
    </>
  );
}
