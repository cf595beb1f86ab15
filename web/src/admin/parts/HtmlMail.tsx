/**
 * An e-mail as a mailbox shows it. The frame is a sandbox: nothing in it runs, no link leads anywhere
 * and no form is sent. It inherits the policy of the admin's pages, which lets a mail style itself.
 */

import { inert } from './inert';

type Props = {
  html: string;
  /** What it is, for screen readers. */
  title: string;
};

export function HtmlMail({ html, title }: Props) {
  return (
    <iframe
      sandbox=""
      srcDoc={inert(html)}
      title={title}
      referrerPolicy="no-referrer"
      style={{ display: 'block', width: '100%', height: 'min(70vh, 40rem)', border: 0 }}
    />
  );
}
