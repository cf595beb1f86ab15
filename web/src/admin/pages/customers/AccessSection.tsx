import { Alert, Button, Group, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { type Permission, useMay } from '../../may';
import { useExplain, useNotice } from '../../parts/notice';
import { Section } from '../../parts/Section';
import { useTexts } from '../../texts';
import { changeUser, STAFF_PERMISSIONS, type User, type UserChanges } from '../../users';
import { type Access, AccessFields } from './AccessFields';
import { useUserChanged } from './useUserChanged';

/** What somebody may do, to be changed by who may do that. */
export function AccessSection({ user }: { user: User }) {
  const { customers, parts } = useTexts();
  const notice = useNotice();
  const explain = useExplain();
  const changed = useUserChanged(user.id);
  const [access, setAccess] = useState<Access>();
  const may = useMay();
  const usual = STAFF_PERMISSIONS.filter(may);
  const now = access ?? accessOf(user, usual);
  const saving = useMutation({
    mutationFn: (changes: UserChanges) => changeUser(user.id, changes),
    onSuccess: (user) => {
      setAccess(undefined);
      changed(user);
      notice.done(parts.saved);
    },
  });
  const dirty = access !== undefined;
  return (
    <Section title={customers.access}>
      <Stack>
        <AccessFields
          value={now}
          disabled={saving.isPending}
          set={(it) => {
            saving.reset();
            setAccess(it);
          }}
        />
        {saving.error && (
          <Alert role="alert" color="red" variant="light" title={parts.problem}>
            {explain(saving.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          {isStaff(now) && (
            <Button
              variant="subtle"
              disabled={saving.isPending}
              onClick={() => setAccess({ ...now, permissions: usual })}
            >
              {customers.useDefaultPermissions}
            </Button>
          )}
          <Button
            disabled={!dirty || now.roles.length === 0}
            loading={saving.isPending}
            onClick={() => saving.mutate(changesOf(user, now))}
          >
            {parts.save}
          </Button>
        </Group>
      </Stack>
    </Section>
  );
}

/** Who is no staff yet starts with what staff may do. */
function accessOf({ roles, permissions }: User, usual: Permission[]): Access {
  return { roles, permissions: isStaff({ roles }) ? permissions : usual };
}

const isStaff = ({ roles }: Pick<Access, 'roles'>) =>
  roles.includes('staff') && !roles.includes('admin');

/** Staff with the usual permissions have none of their own, so that they get what staff will. */
function changesOf(user: User, { roles, permissions }: Access): UserChanges {
  if (!isStaff({ roles })) {
    return isStaff(user) && !roles.includes('staff') ? { roles, permissions: null } : { roles };
  }
  const usual =
    permissions.length === STAFF_PERMISSIONS.length &&
    permissions.every((it) => STAFF_PERMISSIONS.includes(it));
  return { roles, permissions: usual ? null : permissions };
}
