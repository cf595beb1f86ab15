import { Button, Code, Group, Stack, Text } from '@mantine/core';

import { Section } from '../../parts/Section';
import { useTexts } from '../../texts';

type Props = {
  variables: string[];
  /** Puts something where the cursor is; left out where the text is not to be changed. */
  insert?: (placeholder: string) => void;
};

/** What the shop fills in, and how to write that. */
export function Placeholders({ variables, insert }: Props) {
  const { templates } = useTexts();
  const lists = [...new Set(variables.filter(isOfList).map((it) => it.slice(0, it.indexOf('[]'))))];
  return (
    <Section title={templates.placeholders}>
      <Stack gap="sm">
        <Text size="sm">{insert ? templates.placeholdersHelp : templates.placeholdersList}</Text>
        <Group gap={6}>
          {variables
            .filter((it) => !isOfList(it))
            .map((it) => (
              <Placeholder key={it} text={`{{ ${it} }}`} insert={insert} />
            ))}
        </Group>
        {lists.map((list) => (
          <Stack key={list} gap={6}>
            <Text size="sm">{templates.listHelp(list)}</Text>
            <Placeholder text={loop(list)} insert={insert} />
            <Group gap={6}>
              {variables
                .filter((it) => it.startsWith(`${list}[].`))
                .map((it) => (
                  <Placeholder
                    key={it}
                    text={`{{ line.${it.slice(list.length + 3)} }}`}
                    insert={insert}
                  />
                ))}
            </Group>
          </Stack>
        ))}
        <Text size="sm">{templates.ifHelp}</Text>
        <Code block tabIndex={0}>
          {condition(variables)}
        </Code>
      </Stack>
    </Section>
  );
}

const isOfList = (variable: string) => variable.includes('[]');
const loop = (list: string) => `{% for line in ${list} %}\n{% endfor %}`;

/** An example of a text that depends on something. */
function condition(variables: string[]): string {
  const name = variables.includes('order.tracking_number') ? 'order.tracking_number' : 'user.name';
  return `{% if ${name} %}\n{{ ${name} }}\n{% endif %}`;
}

function Placeholder({ text, insert }: { text: string; insert: Props['insert'] }) {
  const { templates } = useTexts();
  const short = text.replace('\n', ' ');
  if (!insert) return <Code>{short}</Code>;
  return (
    <Button
      size="compact-sm"
      variant="default"
      ff="monospace"
      fw={400}
      style={{ alignSelf: 'start', maxWidth: '100%' }}
      aria-label={templates.insert(short)}
      onClick={() => insert(text)}
    >
      {short}
    </Button>
  );
}
