import { useMutation } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useLogOut } from '../account/enter';
import { useKnownUser } from '../account/useKnownUser';
import { Button } from '../parts/Button';
import { Note } from '../parts/Note';
import { Page } from '../parts/Page';
import { Skeleton } from '../parts/Skeleton';
import { useSaid } from '../problems';
import { useTexts } from '../texts';
import styles from './AccountPage.module.css';

const PARTS = [
  ['/account', 'orders'],
  ['/account/profile', 'profile'],
  ['/account/addresses', 'addresses'],
  ['/account/payment-methods', 'paymentMethods'],
  ['/account/security', 'security'],
  ['/account/messages', 'messages'],
] as const;

/** What all pages of the account have around them; only for who is logged in. */
export function AccountPage() {
  const { account: texts } = useTexts();
  const user = useKnownUser();
  const said = useSaid();
  const path = useRouterState({ select: (it) => it.location.pathname.replace(/\/$/, '') });
  const logOut = useLogOut();
  const leaving = useMutation({ mutationFn: logOut });
  const navigate = useNavigate();
  const stranger = user === null && !leaving.isPending && path.startsWith('/account');
  useEffect(() => {
    if (stranger) void navigate({ to: '/login', search: { next: path }, replace: true });
  }, [stranger, navigate, path]);
  const part = PARTS.find(([to]) => to === path)?.[1] ?? 'orders';
  return (
    <Page
      title={texts.parts[part]}
      aside={<span className={styles.who}>{user ? texts.hello(user.name) : '\u00a0'}</span>}
    >
      <div className={styles.columns}>
        <nav aria-label={texts.title} className={styles.nav}>
          {PARTS.map(([to, name]) => (
            <Link key={to} to={to} activeOptions={{ exact: true }}>
              {texts.parts[name]}
            </Link>
          ))}
          <Button look="plain" busy={leaving.isPending} onClick={() => leaving.mutate()}>
            {texts.signOut}
          </Button>
          {leaving.error && <Note kind="bad">{said(leaving.error)}</Note>}
        </nav>
        <div className={styles.part}>{user ? <Outlet /> : <Skeleton height="20rem" />}</div>
      </div>
    </Page>
  );
}
