/** The API refuses parameters it does not declare; a page that sends one is wrong even where it copes. */

import { readFileSync } from 'node:fs';

type Parameter = { in: string; name: string };
type Operation = { parameters?: Parameter[] };
type Description = { paths: Record<string, Record<string, Operation>> };

const description = JSON.parse(
  readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'),
) as Description;

/** Plain paths come before those with a name in them, as in the shop's own router. */
const paths = Object.entries(description.paths)
  .map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replace(/[.+*]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`),
    names: path.split('{').length,
    operations,
  }))
  .sort((a, b) => a.names - b.names);

/** What is asked of the API that its description does not have; nothing of other addresses. */
export function undeclared(method: string, address: string): string[] {
  const { pathname, searchParams } = new URL(address, 'http://shop.example');
  if (!pathname.startsWith('/api/')) return [];
  const found = paths.find((it) => it.pattern.test(pathname));
  const operation = found?.operations[method.toLowerCase()];
  if (!operation) return [`${method} ${pathname}`];
  const declared = (operation.parameters ?? [])
    .filter((it) => it.in === 'query')
    .map((it) => it.name);
  return [...new Set(searchParams.keys())]
    .filter((it) => !declared.includes(it))
    .map((it) => `${method} ${pathname}?${it}`);
}
