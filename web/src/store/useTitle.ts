import { useEffect } from 'react';

import { shop } from '../shop';
import { announce } from './announce';

let first = true;

/** Names the page in the browser's tab, and to those who cannot see that it is another one. */
export function useTitle(title: string | undefined) {
  useEffect(() => {
    if (title === undefined) return;
    document.title = title === shop.name ? title : `${title} · ${shop.name}`;
    if (!first) announce(title);
    first = false;
  }, [title]);
}
