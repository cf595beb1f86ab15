/** Tables to be taken along as files. */

import { saveFile } from '../download';

export function saveCsv(name: string, lines: string[][]) {
  const text = lines.map((line) => line.map(quoted).join(',')).join('\r\n');
  // Spreadsheets take it for something else without the mark at the beginning.
  saveFile(name, new Blob([`\ufeff${text}\r\n`], { type: 'text/csv' }));
}

function quoted(text: string) {
  // What begins like a formula is not to be one in a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
