/**
 * What holds for every page, on a phone and on a desk, in light and dark: nothing a person with a
 * screen reader or bad sight would stumble over, nothing wider than the screen, no complaint of
 * the browser. With SCREENS=DIR it leaves a picture of each.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

import { type Furnished, furnish } from './furnish';
import { places } from './pages';
import { test as base, expect, openShop, type Shop } from './shop';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.SCREENS;

/** One furnished shop for all pages a worker looks at. */
const test = base.extend<{ shop: Shop }, { furnished: { shop: Shop; content: Furnished } }>({
  furnished: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the names of what is asked for
    async ({}, use) => {
      const shop = await openShop();
      await use({ shop, content: await furnish(shop) });
      await shop.close();
    },
    { scope: 'worker' },
  ],
  shop: async ({ furnished }, use) => use(furnished.shop),
});

const looks = [
  { device: 'phone', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { device: 'phone', viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
  { device: 'desk', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { device: 'desk', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
] as const;

for (const { device, viewport, colorScheme } of looks) {
  test.describe(`${device}, ${colorScheme}`, () => {
    test.use({ viewport, colorScheme });
    for (const place of places) {
      test(place.name, async ({ page, context, furnished: { shop, content } }) => {
        if (place.as !== 'guest') await logIn(context, shop, content[place.as]);
        await page.goto(place.path(content));
        await settled(page);
        expect(await violations(page)).toEqual([]);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, 'nothing is wider than the screen').toBeLessThanOrEqual(viewport.width);
        await expect(page).toHaveTitle(/\S/);
        await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
        if (pictures) {
          const path = `${pictures}/${place.name}-${device}-${colorScheme}.png`;
          await page.screenshot({ path, fullPage: true });
        }
      });
    }
  });
}

/** Gives the browser the cookie of a session, and the mark that it has one. */
async function logIn(
  context: BrowserContext,
  shop: Shop,
  { email, password }: { email: string; password: string },
) {
  const answer = await context.request.post(`${shop.url}/api/v1/auth/login`, {
    headers: { Origin: shop.url },
    data: { email, password, session: 'cookie' },
  });
  expect(answer.ok(), await answer.text()).toBe(true);
  await context.addInitScript(() => {
    // Not in the frame of a mail, which may store nothing.
    if (window === window.top) localStorage.setItem('cartwright.session', '1');
  });
}

/** Waits until nothing is being loaded any more. */
async function settled(page: Page) {
  await page.waitForLoadState('networkidle');
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
}

/** What axe finds of weight, one line each. */
async function violations(page: Page): Promise<string[]> {
  // Past the page's policy, as a debugger is: nothing of the page itself may do that.
  await page.evaluate(axe);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return results.violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .map((it) => `${it.id}: ${it.help}: ${it.nodes.map((node) => node.html).join(' ')}`);
}
