import { Tabs, Text } from '@mantine/core';

import { useTexts } from '../texts';
import { HtmlMail } from './HtmlMail';

type Props = {
  /** Left out where the message is plain text alone. */
  html?: string | null | undefined;
  text: string;
};

/** What a message says, as mailboxes show it: most of them its HTML, the others its text. */
export function MailTabs({ html, text }: Props) {
  const { messages } = useTexts();
  if (!html) return <Plain text={text} />;
  return (
    <Tabs defaultValue="html" keepMounted={false}>
      <Tabs.List mb="sm">
        <Tabs.Tab value="html">{messages.html}</Tabs.Tab>
        <Tabs.Tab value="text">{messages.plain}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="html">
        <HtmlMail html={html} title={messages.message} />
      </Tabs.Panel>
      <Tabs.Panel value="text">
        <Plain text={text} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Plain({ text }: { text: string }) {
  return (
    <Text maw="70ch" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
      {text}
    </Text>
  );
}
