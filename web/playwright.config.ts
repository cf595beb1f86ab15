import { defineConfig } from '@playwright/test';

/** The journeys run in Debian's Chromium, each against a shop of its own; see `tests/shop.ts`. */
export default defineConfig({
  testDir: 'tests',
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  // A busy machine is slow, not wrong; what never comes fails all the same.
  expect: { timeout: 15_000 },
  retries: process.env.CI ? 1 : 0,
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // The sandbox needs rights that containers and root do not have; the pages are our own.
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
    },
    locale: 'en-US',
    timezoneId: 'UTC',
    trace: 'retain-on-failure',
    actionTimeout: 20_000,
  },
});
