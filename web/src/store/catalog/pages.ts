/** The pages to offer: the first, the last and those around the present one; null where some are left out. */
export function pagesAround(page: number, last: number): (number | null)[] {
  const near = [1, page - 1, page, page + 1, last].filter((it) => it >= 1 && it <= last);
  const shown: (number | null)[] = [];
  let before = 0;
  for (const it of [...new Set(near)].sort((a, b) => a - b)) {
    if (it === before + 2) shown.push(before + 1);
    else if (it > before + 2) shown.push(null);
    shown.push(it);
    before = it;
  }
  return shown;
}
