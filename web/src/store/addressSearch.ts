/** How the part of the address after `?` is read and written: plain, as people and the API write it. */

export type Plain = Record<string, string | string[]>;

/** A name that is there several times is a list. */
export function parseSearch(text: string): Plain {
  const found: Plain = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = found[name];
    if (before === undefined) found[name] = value;
    else found[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

/** What is undefined, null, false or empty is left out; a list is its name several times. */
export function stringifySearch(search: Record<string, unknown>): string {
  const plain = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === undefined || one === null || one === false || one === '') continue;
      plain.append(name, String(one));
    }
  }
  // These need no escape behind the question mark, and are read better without.
  const text = plain.toString().replace(/%3A/g, ':').replace(/%2C/g, ',').replace(/%2F/g, '/');
  return text && `?${text}`;
}
