import { Box, CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { useTexts } from '../texts';

type Props = { label: string; value: string; onChange: (value: string) => void };

/** What a list is searched for. It counts once the typing pauses, or at once with Enter. */
export function SearchInput({ label, value, onChange }: Props) {
  const { parts } = useTexts();
  const [text, setText] = useState(value);
  // The address changed under it, as by the browser's way back.
  useEffect(() => setText(value), [value]);
  const later = useDebouncedCallback(onChange, 400);
  const now = (text: string) => {
    later.cancel();
    onChange(text.trim());
  };
  return (
    <Box component="search" w={{ base: '100%', xs: 300 }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          now(text);
        }}
      >
        <TextInput
          type="search"
          aria-label={label}
          placeholder={label}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            text && (
              <CloseButton
                size="sm"
                aria-label={parts.clearSearch}
                onClick={() => {
                  setText('');
                  now('');
                }}
              />
            )
          }
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            later(event.currentTarget.value.trim());
          }}
        />
      </form>
    </Box>
  );
}
