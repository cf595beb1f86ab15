import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { useUser } from '../../../api/useUser';
import { useConfirm } from '../../parts/confirm';
import { useNotice } from '../../parts/notice';
import { useTexts } from '../../texts';
import { changeUser, deleteUser, type User } from '../../users';
import { useUserChanged } from './useUserChanged';

/** Shuts somebody out, lets them in again, or deletes who it was. */
export function UserActions({ user }: { user: User }) {
  const { customers } = useTexts();
  const self = useUser()?.id === user.id;
  const confirm = useConfirm();
  const notice = useNotice();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const changed = useUserChanged(user.id);
  const name = user.name || user.email;

  const activating = useMutation({
    mutationFn: (active: boolean) => changeUser(user.id, { active }),
    onSuccess: (now) => {
      changed(now);
      notice.done(now.active ? customers.activated(name) : customers.deactivated(name));
    },
    onError: (error) => notice.failed(error),
  });
  const deleting = useMutation({
    mutationFn: () => deleteUser(user.id),
    onSuccess: async () => {
      notice.done(customers.deleted(name));
      await navigate({ to: '/customers' });
      queries.removeQueries({ queryKey: ['user', user.id] });
      void queries.invalidateQueries({ queryKey: ['users'] });
    },
    onError: (error) => notice.failed(error),
  });

  const ask = async (question: typeof customers.deleteDialog, act: () => void) => {
    const text = self ? customers.ownAccount(question.text) : question.text;
    const yes = await confirm({
      title: question.title(name),
      text,
      yes: question.yes,
      danger: true,
    });
    if (yes) act();
  };
  return (
    <>
      {user.active ? (
        <Button
          variant="default"
          loading={activating.isPending}
          onClick={() => void ask(customers.deactivateDialog, () => activating.mutate(false))}
        >
          {customers.deactivate}
        </Button>
      ) : (
        <Button
          variant="default"
          loading={activating.isPending}
          onClick={() => activating.mutate(true)}
        >
          {customers.activate}
        </Button>
      )}
      <Button
        variant="default"
        c="red"
        loading={deleting.isPending}
        onClick={() => void ask(customers.deleteDialog, () => deleting.mutate())}
      >
        {customers.delete}
      </Button>
    </>
  );
}
