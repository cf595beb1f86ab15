import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../api/client';
import * as session from '../../api/session';
import { CodeField } from '../account/CodeField';
import { useChecks } from '../account/checks';
import { ordersQuery } from '../account/queries';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button, ButtonLink } from '../parts/Button';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

const route = getRouteApi('/verify-email');

/**
 * Where the mail about one's address leads to. Pressing the button verifies, not opening the page:
 * programs that look at the links of a mail beforehand would use the token up.
 */
export function VerifyEmailPage() {
  const { auth: texts } = useTexts();
  const { token } = route.useSearch();
  const queries = useQueryClient();
  const checks = useChecks();
  const [done, setDone] = useState(false);
  const form = useForm({
    initial: { token: token ?? '' },
    check: ({ token }) => checks.only({ token: checks.given(token) }),
    submit: async ({ token }) => {
      await ok(api.POST('/api/v1/auth/email/verify', { body: { token: token.trim() } }));
      const user = session.user();
      if (user) session.update({ ...user, email_verified: true });
      // Orders of a guest with that address join the account.
      queries.removeQueries({ queryKey: ordersQuery.queryKey });
      setDone(true);
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.verifyTitle} narrow>
      {done ? (
        <>
          <Note kind="good" role="status">
            {texts.verified}
          </Note>
          <p className={styles.soft}>{texts.ordersJoin}</p>
          <ButtonLink to="/account">{texts.viewOrders}</ButtonLink>
          <ButtonLink to="/" look="outline">
            {texts.continueShopping}
          </ButtonLink>
        </>
      ) : (
        <form className={styles.form} noValidate onSubmit={form.onSubmit}>
          <Summary form={form} />
          {token ? (
            <p className={styles.soft}>{texts.verifyText}</p>
          ) : (
            <CodeField field={form.bind('token')} />
          )}
          <Button type="submit" busy={form.busy}>
            {texts.verify}
          </Button>
          <Link to="/account/profile">{texts.requestNewVerification}</Link>
        </form>
      )}
    </Page>
  );
}
