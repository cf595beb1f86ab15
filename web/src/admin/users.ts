/** What the admin asks about customers and staff, and does with their accounts. */

import { queryOptions } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../api/client';
import type { Permission } from './may';

export type User = Schemas['Profile'];
export type Role = Schemas['Role'];
export type NewUser = Schemas['CreateUser'];
export type UserChanges = Schemas['UpdateUser'];
export type AuditEntry = Schemas['AuditEntry'];

/** In the order in which they are offered. */
export const PERMISSIONS: Permission[] = [
  'catalog:write',
  'orders:read',
  'orders:write',
  'payments:read',
  'payments:capture',
  'payments:refund',
  'reviews:moderate',
  'users:read',
  'users:write',
  'notifications:read',
  'notifications:send',
  'reports:read',
  'system:read',
  'system:write',
];

const ADMINS: Permission[] = ['users:write', 'system:write'];

/** What staff may do unless somebody has said otherwise. */
export const STAFF_PERMISSIONS: Permission[] = PERMISSIONS.filter((it) => !ADMINS.includes(it));

export const ROLES: Role[] = ['customer', 'staff', 'admin'];

/** What the list of users is narrowed to, as its address has it. */
export type UserSearch = {
  q?: string | undefined;
  role?: Role | undefined;
  active?: boolean | undefined;
};

export const findUsers = (search: UserSearch, cursor?: string, signal?: AbortSignal) =>
  ok(
    api.GET('/api/v1/users', {
      params: {
        query: {
          count: true,
          limit: 25,
          ...(cursor && { cursor }),
          ...(search.q && { search: search.q }),
          ...(search.role && { role: search.role }),
          ...(search.active !== undefined && { active: search.active }),
        },
      },
      ...(signal && { signal }),
    }),
  );

export const userQuery = (id: string) =>
  queryOptions({
    queryKey: ['user', id],
    queryFn: () => ok(api.GET('/api/v1/users/{id}', { params: { path: { id } } })),
  });

/** What was done to a user, newest first. */
export const auditOf = (id: string, cursor?: string) =>
  ok(
    api.GET('/api/v1/users/{id}/audit', {
      params: { path: { id }, query: { limit: 20, ...(cursor && { cursor }) } },
    }),
  );

export const createUser = (body: NewUser) => ok(api.POST('/api/v1/users', { body }));

export const changeUser = (id: string, body: UserChanges) =>
  ok(
    api.PATCH('/api/v1/users/{id}', {
      params: { path: { id } },
      body,
    }),
  );

export const deleteUser = (id: string) =>
  ok(api.DELETE('/api/v1/users/{id}', { params: { path: { id } } }));
