/**
 * The pages on which customers pay. They may use scripts and frames of payment providers, all others
 * may not; as a browser keeps the rules a page was loaded with, these are gone to and left by loading
 * the page, never by the router alone.
 */

import type { RouterHistory } from '@tanstack/react-router';

import type { PagePath } from './router';

export const PAYING: readonly PagePath[] = ['/checkout', '/orders/$id'];

const paths = PAYING.map((it) => new RegExp(`^${it.replace(/\$\w+/g, '[^/]+')}$`));

/** Whether customers pay on the page at this path. */
export function pays(path: string): boolean {
  return paths.some((it) => it.test(path));
}

/** Loads the page wherever the router would cross from one kind to the other. */
export function loadAcross(history: RouterHistory) {
  const loaded = pays(location.pathname);
  history.block({
    enableBeforeUnload: false,
    blockerFn: ({ nextLocation, action }) => {
      if (pays(nextLocation.pathname) === loaded) return false;
      if (action === 'REPLACE') location.replace(nextLocation.href);
      else if (action === 'PUSH') location.assign(nextLocation.href);
      // The address is the other page's already.
      else location.reload();
      return true;
    },
  });
}
