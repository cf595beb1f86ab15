/** What a product can be chosen by: up to three options with their values. */

import { ActionIcon, Alert, Button, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useTexts } from '../../texts';
import {
  MAX_OPTIONS,
  MAX_VARIANTS,
  matrix,
  newOption,
  type Option,
  type Row,
  renamed,
} from './matrix';

type Props = {
  options: Option[];
  rows: Row[];
  set: (options: Option[], rows: Row[]) => void;
  error: (field: string) => string | undefined;
};

export function Options({ options, rows, set, error }: Props) {
  const { editor: texts } = useTexts();
  const [tooMany, setTooMany] = useState(false);

  const write = (next: Option[], from = rows) => {
    const combined = matrix(next, from);
    setTooMany(combined === null);
    if (combined) set(next, combined);
  };
  const change = (key: string, part: Partial<Option>, from = rows) =>
    write(
      options.map((it) => (it.key === key ? { ...it, ...part } : it)),
      from,
    );

  return (
    <Stack gap="sm">
      {options.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.optionsHint}
        </Text>
      )}
      {options.map((option, at) => (
        <Group
          key={option.key}
          align="flex-start"
          gap="sm"
          role="group"
          aria-label={texts.option(at + 1)}
        >
          <TextInput
            label={texts.optionName}
            placeholder={texts.optionNameHint}
            flex="1 1 9rem"
            maxLength={255}
            value={option.name}
            error={error(`options.${at}.name`)}
            onChange={(event) => {
              const name = event.currentTarget.value;
              const taken = options.some((it) => it.key !== option.key && it.name === name);
              // Two of one name would be one to the variants.
              if (!taken) change(option.key, { name }, renamed(rows, option.name, name));
            }}
          />
          <TagsInput
            label={texts.optionValues}
            placeholder={texts.optionValuesHint}
            flex="3 1 14rem"
            maxTags={MAX_VARIANTS}
            splitChars={[',']}
            acceptValueOnBlur
            value={option.values}
            error={error(`options.${at}.values`)}
            onChange={(values) => change(option.key, { values })}
          />
          <ActionIcon
            variant="default"
            size={36}
            mt={25}
            aria-label={texts.removeOption(option.name)}
            onClick={() => write(options.filter((it) => it.key !== option.key))}
          >
            <IconTrash size={18} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <div role="alert">
        {tooMany && (
          <Alert color="orange" variant="light">
            {texts.tooMany(MAX_VARIANTS)}
          </Alert>
        )}
      </div>
      {options.length < MAX_OPTIONS && (
        <Button
          disabled={options.some((it) => it.name.trim() === '')}
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => set([...options, newOption()], rows)}
        >
          {texts.addOption}
        </Button>
      )}
    </Stack>
  );
}
