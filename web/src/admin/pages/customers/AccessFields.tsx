/** What somebody is in the shop, and what staff may do, as boxes to tick. */

import { Checkbox, Fieldset, Stack } from '@mantine/core';

import { type Permission, useMay } from '../../may';
import { useTexts } from '../../texts';
import { PERMISSIONS, ROLES, type Role } from '../../users';

export type Access = { roles: Role[]; permissions: Permission[] };

type Props = { value: Access; set: (value: Access) => void; disabled?: boolean };

export function AccessFields({ value, set, disabled = false }: Props) {
  const { customers, shell, permissions } = useTexts();
  const may = useMay();
  // Nobody can give what they have not got.
  const offered = PERMISSIONS.filter((it) => may(it) || value.permissions.includes(it));
  // Admins may do everything, customers nothing: only staff have permissions of their own.
  const chosen = value.roles.includes('staff') && !value.roles.includes('admin');
  const toggle = <T,>(all: readonly T[], has: T[], it: T) =>
    all.filter((other) => (other === it ? !has.includes(it) : has.includes(other)));
  return (
    <Stack>
      <Fieldset legend={customers.roles} disabled={disabled}>
        <Stack gap="sm">
          {ROLES.map((role) => (
            <Checkbox
              key={role}
              label={shell.roles[role]}
              description={customers.roleHelp[role]}
              checked={value.roles.includes(role)}
              onChange={() => set({ ...value, roles: toggle(ROLES, value.roles, role) })}
            />
          ))}
        </Stack>
      </Fieldset>
      {chosen && (
        <Fieldset legend={customers.permissions} disabled={disabled}>
          <Stack gap="sm">
            {offered.map((permission) => (
              <Checkbox
                key={permission}
                label={permissions[permission].name}
                description={permissions[permission].help}
                checked={value.permissions.includes(permission)}
                onChange={() =>
                  set({
                    ...value,
                    permissions: toggle(PERMISSIONS, value.permissions, permission),
                  })
                }
              />
            ))}
          </Stack>
        </Fieldset>
      )}
    </Stack>
  );
}
