/**
 * A double of Stripe for each test, and a shop that pays by it. `STRIPE_DOUBLE` is the program, by default
 * the one of `cargo build -p stripe-double`. What a customer does in its form and with its bank's question is here
 * too, and what the double is told beside the browser.
 */

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Page } from '@playwright/test';

import { en } from '../src/store/texts/en';
import { test as base, expect } from './shop';

const program = process.env.STRIPE_DOUBLE ?? resolve('../target/debug/stripe-double');

export type Double = {
  /** Where its script comes from. */
  script: string;
  /** For a shop that uses it. */
  settings: Record<string, string>;
  /** Where its events go from now on, and in what way: `late` ones wait to be delivered. */
  sendEvents(
    shop: string,
    mode?: { late?: boolean; lost?: boolean; doubled?: boolean },
  ): Promise<void>;
  /** Sends the events that wait. */
  deliver(): Promise<void>;
  /** Answers the bank's question of the latest payment beside the browser. */
  authenticate(approved: boolean): Promise<void>;
  /** What of each payment was taken or is held, in minor units; those of which nothing is, left out. */
  paid(): Promise<number[]>;
};

type Intent = { id: string; created: number; amount_received: number; amount_capturable: number };

async function open(): Promise<Double & { close(): void }> {
  const child = spawn(program, ['--port', '0', '--control-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const said: Record<string, string> = {};
  for await (const line of createInterface(child.stdout)) {
    const [, name = '', value = ''] = /^(?:# )?(\w+)(?: =|:) "?([^"]*)"?$/.exec(line) ?? [];
    said[name] = value;
    if (name === 'control') break;
  }
  const control = async (path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${said.control}/${path}`, {
      method: body ? 'POST' : 'GET',
      body: body ? JSON.stringify(body) : null,
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };
  const intents = async () => (await control('objects/payment_intent')) as Intent[];
  return {
    script: said.script_url ?? '',
    settings: {
      CARTWRIGHT__PAYMENTS__STRIPE__SECRET_KEY: said.secret_key ?? '',
      CARTWRIGHT__PAYMENTS__STRIPE__PUBLISHABLE_KEY: said.publishable_key ?? '',
      CARTWRIGHT__PAYMENTS__STRIPE__WEBHOOK_SECRETS: 'whsec_double',
      CARTWRIGHT__PAYMENTS__STRIPE__API_URL: said.api_url ?? '',
      CARTWRIGHT__PAYMENTS__STRIPE__SCRIPT_URL: said.script_url ?? '',
    },
    async sendEvents(shop, mode = {}) {
      await control('endpoint', {
        url: `${shop}/api/v1/webhooks/stripe`,
        secrets: ['whsec_double'],
      });
      await control('mode', mode);
    },
    deliver: async () => void (await control('deliver', {})),
    async authenticate(approved) {
      const latest = (await intents()).at(-1);
      await control('authenticate', { intent: latest?.id, approved });
    },
    async paid() {
      const all = (await intents()).map((it) => it.amount_received + it.amount_capturable);
      return all.filter((it) => it > 0);
    },
    close() {
      process.off('exit', kill);
      kill();
    },
  };
}

/** Its shops are paid by a double of their own. */
export const test = base.extend<{ double: Double }>({
  // biome-ignore lint/correctness/noEmptyPattern: the runner reads the names of what is asked for
  double: async ({}, use) => {
    const double = await open();
    await use(double);
    double.close();
  },
  settings: async ({ double }, use) => use(double.settings),
});

export { expect };

/** A method by the double's name for it. */
export type Card = 'card' | 'card_declined' | 'card_3ds';

/** Chooses Stripe where there is more than one method, and a card in its form. */
export async function choose(page: Page, card: Card) {
  const method = page.getByLabel(en.payment.kinds.form);
  const frame = page.locator('iframe[title="Secure payment input frame"]');
  await method.or(frame).first().waitFor();
  if (await method.count()) await method.check();
  await frame.contentFrame().locator(`input[value="${card}"]`).check();
}

/** What the bank asks, over the page. */
export function bank(page: Page) {
  const question = page.frameLocator('iframe[title="3-D Secure challenge frame"]');
  const button = (name: string) => question.getByRole('button', { name, exact: true });
  return { approve: button('Approve'), deny: button('Deny'), close: button('Close') };
}
