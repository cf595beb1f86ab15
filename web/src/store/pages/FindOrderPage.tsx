import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, ok } from '../../api/client';
import { useChecks } from '../account/checks';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button } from '../parts/Button';
import { TextField } from '../parts/Field';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { useInWords } from '../problems';
import { useTexts } from '../texts';
import styles from './Auth.module.css';

const route = getRouteApi('/find-order');

/** A guest's way back to an order: a new link to it, to the address it was ordered with. */
export function FindOrderPage() {
  const { findOrder: texts, auth } = useTexts();
  const { number } = route.useSearch();
  const checks = useChecks();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const form = useForm({
    initial: { number: number ?? '', email: '' },
    check: ({ number, email }) =>
      checks.only({ number: checks.given(number), email: checks.email(email) }),
    submit: async ({ number, email }) => {
      const body = { number: number.trim(), email: email.trim() };
      await ok(api.POST('/api/v1/orders/find', { body }));
      setSentTo(body.email);
    },
    inWords: useInWords(),
  });
  return (
    <Page title={texts.title} narrow>
      {sentTo ? (
        <>
          <Note kind="good" role="status">
            {texts.sent(sentTo)}
          </Note>
          <p className={styles.soft}>{texts.notArrived}</p>
          <div>
            <Button look="outline" onClick={() => setSentTo(null)}>
              {texts.again}
            </Button>
          </div>
        </>
      ) : (
        <form className={styles.form} noValidate onSubmit={form.onSubmit}>
          <p className={styles.soft}>{texts.text}</p>
          <Summary form={form} />
          <TextField
            {...form.bind('number')}
            label={texts.number}
            hint={texts.numberHint}
            required
            maxLength={64}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
          />
          <TextField
            {...form.bind('email')}
            label={texts.email}
            hint={texts.emailHint}
            type="email"
            required
            maxLength={254}
            autoComplete="email"
          />
          <Button type="submit" busy={form.busy}>
            {texts.send}
          </Button>
        </form>
      )}
      <p className={styles.other}>
        {texts.haveAccount} <Link to="/login">{auth.signIn}</Link>
      </p>
    </Page>
  );
}
