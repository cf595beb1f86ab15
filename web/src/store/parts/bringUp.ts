/** Shows what has become important: on the screen, below the header, and with the focus. */
export function bringUp(element: HTMLElement | null) {
  if (!element) return;
  const { top, bottom } = element.getBoundingClientRect();
  const head = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  const seen = top >= head && bottom <= innerHeight;
  if (!seen) element.scrollIntoView({ block: 'start' });
  element.focus({ preventScroll: true });
}
