import { useLocation } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../api/client';
import * as session from '../../api/session';
import { CodeField } from '../account/CodeField';
import { useChecks } from '../account/checks';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { ofHash } from '../orders/keys';
import { Button, ButtonLink } from '../parts/Button';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

/**
 * Where the mail to an account's old address leads to, by which its owner takes the account back.
 * Pressing the button does it, not opening the page, as programs look at the links of a mail.
 */
export function UndoEmailChangePage() {
  const { auth: texts } = useTexts();
  const token = ofHash(useLocation({ select: (it) => it.hash }), 'token');
  const checks = useChecks();
  const [done, setDone] = useState(false);
  const form = useForm({
    initial: { token: token ?? '' },
    check: ({ token }) => checks.only({ token: checks.given(token) }),
    submit: async ({ token }) => {
      await ok(api.POST('/api/v1/auth/email/undo', { body: { token: token.trim() } }));
      // It has ended every session.
      session.forget();
      setDone(true);
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.undoTitle} narrow>
      {done ? (
        <>
          <Note kind="good" role="status">
            {texts.undone}
          </Note>
          <ButtonLink to="/">{texts.continueShopping}</ButtonLink>
        </>
      ) : (
        <form className={styles.form} noValidate onSubmit={form.onSubmit}>
          <Summary form={form} />
          <p className={styles.soft}>{texts.undoText}</p>
          {!token && <CodeField field={form.bind('token')} />}
          <Button type="submit" busy={form.busy}>
            {texts.undo}
          </Button>
        </form>
      )}
    </Page>
  );
}
