/**
 * The HTML of a mail whose links lead nowhere when it is looked at in a sandbox: they ask for windows of
 * their own, which a sandbox does not get. Else the frame itself would follow them.
 */
export function inert(html: string): string {
  const base = '<base target="_blank">';
  const head = /<head(\s[^>]*)?>/i.exec(html);
  if (!head) return base + html;
  const end = head.index + head[0].length;
  return html.slice(0, end) + base + html.slice(end);
}
