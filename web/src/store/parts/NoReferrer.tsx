/** On pages that a secret of a mail opens: no other site learns that anybody was here. */
export function NoReferrer() {
  return <meta name="referrer" content="no-referrer" />;
}
