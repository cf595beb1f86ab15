/**
 * A shop of its own for each test that asks for one: the real program on an empty data directory,
 * filled with the demo goods, at a free port.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';

/** The program under test; the debug build unless told otherwise. */
const program = process.env.CARTWRIGHT ?? resolve('../target/debug/cartwright');

export type Shop = {
  /** Where it answers, such as `http://localhost:40123`. */
  url: string;
  /** Stops it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
  /** What it has written to its log since its last start. */
  said(): string;
  /** Runs another command of the program on its data. */
  run(...args: string[]): string;
  /** A request to its API; fails on anything but a success. */
  ask<T>(method: string, path: string, body?: unknown, token?: string): Promise<T>;
  /** Makes an account with this role and logs it in over the API. */
  login(
    role: 'admin' | 'staff' | 'customer',
  ): Promise<{ email: string; password: string; token: string }>;
};

async function freePort(): Promise<number> {
  return await new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Opens one; `settings` are of its environment. */
export async function openShop(
  settings: Record<string, string> = {},
): Promise<Shop & { close(): Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), 'cartwright-web-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  let running: ChildProcess | undefined;
  let said = '';

  const shop = {
    url,
    async start() {
      said = '';
      const child = spawn(program, ['serve', '--data-dir', data, '--listen', `127.0.0.1:${port}`], {
        // The tests ask more often than people do.
        env: {
          ...process.env,
          CARTWRIGHT__GATEWAY__RATE_LIMITS: 'false',
          CARTWRIGHT__SHOP__PUBLIC_URL: url,
          ...settings,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.on('data', (text) => (said += text));
      child.stderr.on('data', (text) => (said += text));
      running = child;
      // Also where a worker is ended in the middle of a test.
      process.once('exit', () => child.kill('SIGKILL'));
      for (let tries = 0; tries < 300; tries++) {
        if (child.exitCode !== null) break;
        const ready = await fetch(`${url}/ready`).catch(() => null);
        if (ready?.ok) return;
        await new Promise((later) => setTimeout(later, 100));
      }
      throw new Error(`the shop did not start:\n${said}`);
    },
    async kill() {
      const child = running;
      if (!child || child.exitCode !== null) return;
      await new Promise((ended) => {
        child.once('exit', ended);
        child.kill('SIGKILL');
      });
    },
    said: () => said,
    run: (...args: string[]) =>
      execFileSync(program, [...args, '--data-dir', data], { encoding: 'utf8' }),
    async ask<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
      const headers: Record<string, string> = { 'Content-Type': 'application/json' };
      if (token) headers.Authorization = `Bearer ${token}`;
      const answer = await fetch(url + path, {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return (text ? JSON.parse(text) : undefined) as T;
    },
    async login(role: 'admin' | 'staff' | 'customer') {
      // The first start has made admin@example.com, with a password of its own.
      const email = `our-${role}@example.com`;
      const password = 'correct horse battery';
      shop.run('user', 'create', '--role', role, '--email', email, '--password', password);
      const { access_token } = await shop.ask<{ access_token: string }>(
        'POST',
        '/api/v1/auth/login',
        { email, password },
      );
      return { email, password, token: access_token };
    },
    async close() {
      await shop.kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
  await shop.start();
  return shop;
}

/** What a page complained about; every test ends with none. */
function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    // The browser notes every answer that is no success; which of them are expected, tests assert.
    if (/Failed to load resource: the server responded with a status of 4\d\d/.test(message.text()))
      return;
    // The frame of a mail runs no scripts, the runner's neither.
    if (message.text().startsWith("Blocked script execution in 'about:srcdoc'")) return;
    complaints.push(message.text());
  });
  return complaints;
}

/** Takes back the complaints that a test has brought about itself. */
export function forgive(complaints: string[], what: RegExp) {
  const left = complaints.filter((it) => !what.test(it));
  complaints.splice(0, complaints.length, ...left);
}

type Fixtures = {
  /** Of the shop, beside its defaults; for whole files of tests, by `test.use`. */
  settings: Record<string, string>;
  shop: Shop;
  complaints: string[];
};

export const test = base.extend<Fixtures>({
  settings: [{}, { option: true }],
  shop: async ({ settings }, use) => {
    const shop = await openShop(settings);
    await use(shop);
    await shop.close();
  },
  baseURL: async ({ shop }, use) => use(shop.url),
  complaints: [
    async ({ page }, use) => {
      const complaints = watch(page);
      await use(complaints);
      // What is still being answered in its place has no page any longer.
      if (!page.isClosed()) await page.unrouteAll({ behavior: 'ignoreErrors' });
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
