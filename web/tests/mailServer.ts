/** A mail server for each test, which keeps what it receives, and a shop that sends by it. */

import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

import { test as base, expect } from './shop';

export type Mail = {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The names are in lower case. */
  headers: ParsedMail['headers'];
};

export type MailServer = {
  /** For a shop that uses it. */
  settings: Record<string, string>;
  mails: Mail[];
  /** The next mail to somebody with this in its subject. Waits for it. */
  receive(to: string, subject: RegExp): Promise<Mail>;
};

async function open(): Promise<MailServer & { close(): Promise<void> }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      simpleParser(stream).then(
        ({ subject = '', text = '', html, headers }) => {
          const to = session.envelope.rcptTo.map((it) => it.address).join(', ');
          mails.push({ to, subject, text, html: html || '', headers });
          done();
        },
        (error: Error) => done(error),
      );
    },
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.server.address() as AddressInfo;
  return {
    mails,
    settings: {
      CARTWRIGHT__SHOP__EMAIL_FROM: 'shop@example.com',
      CARTWRIGHT__NOTIFICATIONS__EMAIL__PROVIDERS: 'smtp',
      CARTWRIGHT__NOTIFICATIONS__SMTP__HOST: '127.0.0.1',
      CARTWRIGHT__NOTIFICATIONS__SMTP__PORT: String(port),
      CARTWRIGHT__NOTIFICATIONS__SMTP__ENCRYPTION: 'none',
    },
    async receive(to, subject) {
      const find = () => mails.findIndex((it) => it.to === to && subject.test(it.subject));
      await expect.poll(find, { message: `a mail to ${to}: ${subject}` }).not.toBe(-1);
      const [mail] = mails.splice(find(), 1);
      if (!mail) throw new Error('the mail is gone');
      return mail;
    },
    close: () => new Promise((closed) => server.close(closed)),
  };
}

/** The first link of a mail that leads to such a page. */
export function linkOf({ text }: Mail, page: string): string {
  const link = text.match(/https?:\/\/\S+/g)?.find((it) => it.includes(page));
  if (!link) throw new Error(`there is no link to ${page} in:\n${text}`);
  return link;
}

export const test = base.extend<{ mail: MailServer }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright's way of asking for nothing
  mail: async ({}, use) => {
    const mail = await open();
    await use(mail);
    await mail.close();
  },
  settings: async ({ mail }, use) => await use(mail.settings),
});

export { expect };
