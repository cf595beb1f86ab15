import { useMutation } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';

import { api, ok } from '../../api/client';
import { isProblem } from '../../api/problem';
import { shop } from '../../shop';
import { ofHash } from '../orders/keys';
import { Button } from '../parts/Button';
import { NoReferrer } from '../parts/NoReferrer';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

/**
 * Where the link below every mail with offers leads to. Pressing the button unsubscribes, not opening
 * the page, as programs look at the links of a mail.
 */
export function UnsubscribePage() {
  const { unsubscribe: texts } = useTexts();
  const token = ofHash(useLocation({ select: (it) => it.hash }), 'token');
  return (
    <Page title={texts.title} narrow>
      <NoReferrer />
      {/* Another link is another question. */}
      {token ? <Question key={token} token={token} /> : <Invalid />}
    </Page>
  );
}

function Question({ token }: { token: string }) {
  const { unsubscribe: texts } = useTexts();
  const said = useSaid();
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: () =>
      ok(api.POST('/api/v1/notifications/unsubscribe/{token}', { params: { path: { token } } })),
  });
  // Too many requests are no answer, and neither is a shop in trouble.
  if (isProblem(error) && error.status < 500 && error.status !== 429) return <Invalid />;
  if (data)
    return (
      <>
        <Note kind="good" role="status">
          {texts.done(data.recipient)}
        </Note>
        <Preferences text={texts.changedYourMind} />
      </>
    );
  return (
    <>
      <p className={styles.soft}>{texts.text(shop.name)}</p>
      {error && <Note kind="bad">{said(error)}</Note>}
      <Button busy={isPending} onClick={() => mutate()}>
        {texts.unsubscribe}
      </Button>
    </>
  );
}

function Invalid() {
  const { unsubscribe: texts } = useTexts();
  return (
    <>
      <Note kind="bad">{texts.invalid}</Note>
      <Preferences text={texts.invalidHint} />
    </>
  );
}

/** An account says what it wants without a link of a mail. */
function Preferences({ text }: { text: string }) {
  const { unsubscribe: texts } = useTexts();
  return (
    <p className={styles.soft}>
      {text} <Link to="/account/messages">{texts.preferences}</Link>
    </p>
  );
}
