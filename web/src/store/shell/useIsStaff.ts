import { useUser } from '../../api/useUser';

/** Whether there is something for them to do in the admin. */
export function useIsStaff(): boolean {
  return useUser()?.roles.some((role) => role === 'staff' || role === 'admin') ?? false;
}
