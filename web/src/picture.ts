/** Where a picture comes from, in which sizes. */

/** Widths the shop keeps of its own pictures. */
export const WIDTHS = [320, 640, 1280, 2000];
/** For who cannot choose among them. */
export const USUAL_WIDTH = 640;
/** How wide the first picture of a product is shown on its page. */
export const FIRST_SIZES = '(min-width: 60rem) 40rem, 100vw';

/** What an `img` needs. `sizes` tells how wide it is shown, as in HTML. */
export function picture(url: string, sizes: string) {
  // Pictures on other sites have one size.
  if (!url.startsWith('/api/')) return { src: url };
  const of = (width: number) => `${url}?width=${width}`;
  return { src: of(USUAL_WIDTH), srcSet: WIDTHS.map((it) => `${of(it)} ${it}w`).join(', '), sizes };
}
