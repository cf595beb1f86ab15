import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, ok } from '../../../api/client';
import * as session from '../../../api/session';
import { useFormats } from '../../../format';
import { useChecks } from '../../account/checks';
import { useLeave } from '../../account/enter';
import { PasswordField } from '../../account/PasswordField';
import { sessionsQuery } from '../../account/queries';
import { announce } from '../../announce';
import { Summary } from '../../forms/Summary';
import { useForm } from '../../forms/useForm';
import { Button } from '../../parts/Button';
import { Dialog } from '../../parts/Dialog';
import { FailedPart } from '../../parts/FailedPart';
import { Note } from '../../parts/Note';
import { Skeleton } from '../../parts/Skeleton';
import { useInWords, useSaid } from '../../problems';
import { useTexts } from '../../texts';
import auth from '../Auth.module.css';
import styles from './Security.module.css';

/** Password, logins, and the end of the account. */
export function Security() {
  return (
    <>
      <Password />
      <Sessions />
      <Removal />
    </>
  );
}

function Password() {
  const { account: texts } = useTexts();
  const checks = useChecks();
  const queries = useQueryClient();
  const [saved, setSaved] = useState(false);
  const form = useForm({
    initial: { current_password: '', new_password: '' },
    check: (values) =>
      checks.only({
        current_password: checks.given(values.current_password),
        new_password: checks.newPassword(values.new_password),
      }),
    submit: async (body) => {
      setSaved(false);
      const tokens = await ok(api.PUT('/api/v1/users/me/password', { body }));
      const user = session.user();
      if (user) session.begin({ ...tokens, user });
      setSaved(true);
      await queries.invalidateQueries(sessionsQuery);
    },
    inWords: useInWords(),
  });
  return (
    <section className={styles.section}>
      <h2>{texts.password}</h2>
      {saved ? (
        <Note kind="good" role="status">
          {texts.passwordChanged}
        </Note>
      ) : (
        <form className={auth.form} noValidate onSubmit={form.onSubmit}>
          <Summary form={form} />
          <PasswordField field={form.bind('current_password')} label={texts.currentPassword} />
          <PasswordField field={form.bind('new_password')} label={texts.newPassword} fresh />
          <div>
            <Button type="submit" busy={form.busy}>
              {texts.changePassword}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}

function Sessions() {
  const { account: texts } = useTexts();
  const { time } = useFormats();
  const said = useSaid();
  const queries = useQueryClient();
  const query = useQuery(sessionsQuery);
  const { data, error } = query;
  const ending = useMutation({
    mutationFn: (id: string) =>
      ok(api.DELETE('/api/v1/users/me/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => announce(texts.deviceSignedOut),
    onSettled: () => queries.invalidateQueries(sessionsQuery),
  });
  return (
    <section className={styles.section}>
      <h2>{texts.devices}</h2>
      <p className={auth.soft}>{texts.devicesText}</p>
      {error && !data && <FailedPart query={query} />}
      {ending.error && <Note kind="bad">{said(ending.error)}</Note>}
      {!data && !error && <Skeleton height="4.75rem" />}
      <ul className={styles.sessions}>
        {data?.items.map((it) => (
          <li key={it.id}>
            <div>
              <strong>{device(it.user_agent) ?? texts.unknownDevice}</strong>
              <p className={auth.soft}>
                {it.current ? texts.thisDevice : texts.lastUsed(time(it.last_used_at))}
              </p>
            </div>
            {!it.current && (
              <Button
                look="outline"
                busy={ending.isPending && ending.variables === it.id}
                onClick={() => ending.mutate(it.id)}
              >
                {texts.signOutDevice}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A browser and its system, as far as its long name gives them away. */
function device(agent: string | null | undefined): string | null {
  if (!agent) return null;
  const of = (names: string[]) => names.find((it) => agent.includes(it));
  const browser = of(['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari'])
    ?.replace('Edg', 'Edge')
    .replace('OPR', 'Opera');
  const system = of(['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux']);
  return [browser, system].filter(Boolean).join(', ') || agent.slice(0, 60);
}

function Removal() {
  const { account: texts } = useTexts();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <section className={styles.section}>
      <h2>{texts.deleteAccount}</h2>
      <p>{texts.deleteAccountText}</p>
      <div>
        <Button look="outline" onClick={() => setOpen(true)}>
          {texts.openDeleteAccount}
        </Button>
      </div>
      <Dialog open={open} onClose={close} title={texts.deleteAccount}>
        {open && <Remove onClose={close} />}
      </Dialog>
    </section>
  );
}

function Remove({ onClose }: { onClose: () => void }) {
  const { account: texts } = useTexts();
  const checks = useChecks();
  const leave = useLeave();
  const form = useForm({
    initial: { password: '' },
    check: ({ password }) => checks.only({ password: checks.given(password) }),
    submit: async (body) => {
      await ok(api.DELETE('/api/v1/users/me', { body }));
      onClose();
      leave();
    },
    inWords: useInWords(),
  });
  return (
    <form className={auth.form} noValidate onSubmit={form.onSubmit}>
      <Summary form={form} />
      <p>{texts.confirmDeleteText}</p>
      <PasswordField field={form.bind('password')} label={texts.currentPassword} />
      <div className={styles.tools}>
        <Button type="submit" busy={form.busy}>
          {texts.confirmDelete}
        </Button>
        <Button look="outline" onClick={onClose}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}
