import { expect, test } from '@playwright/test';

import { inert } from '../../src/admin/parts/inert';

test('links of a mail that is looked at ask for a window they do not get', () => {
  const base = '<base target="_blank">';
  expect(inert('<html><head><title>A</title></head><body>b</body></html>')).toBe(
    `<html><head>${base}<title>A</title></head><body>b</body></html>`,
  );
  expect(inert('<HEAD lang="de">')).toBe(`<HEAD lang="de">${base}`);
  expect(inert('<header>no head</header>')).toBe(`${base}<header>no head</header>`);
});
