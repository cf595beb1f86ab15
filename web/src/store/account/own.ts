/** Where a login leads to: only to pages of this shop, whatever a link says. */
export function ownPath(next: unknown, origin = location.origin): string {
  if (typeof next !== 'string' || !next.startsWith('/')) return '/account';
  try {
    const url = new URL(next, origin);
    return url.origin === origin ? url.pathname + url.search + url.hash : '/account';
  } catch {
    return '/account';
  }
}
