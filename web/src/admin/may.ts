/** What the one who is logged in may do. The services decide; this only hides what would be refused. */

import type { Schemas } from '../api/client';
import type { User } from '../api/session';
import { useUser } from '../api/useUser';

export type Permission = Schemas['Permission'];

export function useMay(): (permission: Permission) => boolean {
  const user = useUser();
  return (permission) => user?.permissions.includes(permission) ?? false;
}

/** Whether somebody runs the shop rather than buys in it. */
export function isStaff(user: User): boolean {
  return user.roles.some((role) => role === 'staff' || role === 'admin');
}
