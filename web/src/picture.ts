/** Where a picture comes from, in which sizes. */

/** Widths the shop keeps of its own pictures. */
const WIDTHS = [320, 640, 1280, 2000];

/** What an `img` needs. `sizes` tells how wide it is shown, as in HTML. */
export function picture(url: string, sizes: string) {
  // Pictures on other sites have one size.
  if (!url.startsWith('/api/')) return { src: url };
  const of = (width: number) => `${url}?width=${width}`;
  return { src: of(640), srcSet: WIDTHS.map((it) => `${of(it)} ${it}w`).join(', '), sizes };
}
