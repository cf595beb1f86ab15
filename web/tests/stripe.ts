/**
 * A provider of the kind of Stripe, played at the edge of the browser: the shop's answers are given its
 * method, its payments are the sandbox's below, and its script is a few lines. The journeys with a
 * provider that keeps books are in `stripe.spec.ts`.
 */

import type { Page, Route } from '@playwright/test';

import type { Shop } from './shop';

/** Where its script comes from. */
export const PROVIDER = 'https://js.provider.example';

type Action = 'stripe' | 'redirect' | 'processing';
type Json = Record<string, unknown>;
type Payment = { id: string; status: string; next_action?: Json | null };

/** Plays it for a page; the card that is written becomes the sandbox's that wants to be asked. */
export async function provider(
  page: Page,
  shop: Shop,
  { action = 'stripe' }: { action?: Action } = {},
) {
  const seen = { checkouts: [] as unknown[], confirms: 0 };
  let approved = false;
  await page.route(`${PROVIDER}/stripe.js`, (route) =>
    route.fulfill({ contentType: 'text/javascript', body: SCRIPT }),
  );
  await page.route(`${PROVIDER}/form`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<label>Card number <input oninput="parent.postMessage(this.value, '*')"></label>`,
    }),
  );
  await page.route(/\/(checkout|orders\/[^/]+)$/, allow);
  await page.route('**/api/v1/payments/methods?*', async (route) => {
    const answer = await route.fetch();
    const { data } = (await answer.json()) as { data: Json[] };
    const total = Number(new URL(route.request().url()).searchParams.get('total'));
    await route.fulfill({ response: answer, json: { data: [...data, method(total)] } });
  });
  await page.route('**/api/v1/orders/checkout', async (route) => {
    const body = route.request().postDataJSON() as { payment: unknown };
    seen.checkouts.push(body.payment);
    const payment = { provider: 'sandbox', token: '3ds' };
    const token = await asking(shop);
    const answer = await route.fetch({ postData: { ...body, payment: { ...payment, token } } });
    await route.fulfill({ response: answer });
  });
  await page.route(/\/api\/v1\/orders\/[0-9a-f-]+$/, async (route) => {
    const answer = await route.fetch();
    const order = (await answer.json()) as Json & { id: string; payment: Payment | null };
    if (order.payment?.next_action) {
      if (action === 'processing') Object.assign(order, { payment_status: 'processing' });
      Object.assign(order.payment.next_action, actions(action, shop.url, order.id));
    }
    await route.fulfill({ response: answer, json: order });
  });
  await page.route('**/api/v1/payments/*/confirm', async (route) => {
    seen.confirms += 1;
    approved ||= await page.evaluate(() => (window as { approved?: boolean }).approved === true);
    if (approved || action === 'redirect')
      return route.continue({
        headers: { ...route.request().headers(), 'content-type': 'application/json' },
        postData: JSON.stringify({ outcome: 'approve' }),
      });
    const id = new URL(route.request().url()).pathname.split('/').at(-2);
    await route.fulfill({ json: { id, status: 'requires_action' } });
  });
  await page.route('https://bank.example/**', (route) => {
    const back = new URL(route.request().url()).searchParams.get('back');
    return route.fulfill({
      contentType: 'text/html',
      body: `<a href="${back}">Approve and go back</a>`,
    });
  });
  return seen;
}

/** The policy that the gateway gives these pages where the provider is set up. */
async function allow(route: Route) {
  if (route.request().resourceType() !== 'document') return route.fallback();
  const response = await route.fetch();
  const policy = (response.headers()['content-security-policy'] ?? '')
    .replace("script-src 'self'", `script-src 'self' ${PROVIDER}`)
    .replace('manifest-src', `frame-src ${PROVIDER}; manifest-src`);
  await route.fulfill({
    response,
    headers: { ...response.headers(), 'content-security-policy': policy },
  });
}

function method(amount: number): Json {
  return {
    id: 'stripe',
    provider: 'stripe',
    kind: 'form',
    title: 'Card, wallet or bank',
    tokens: {
      type: 'stripe',
      publishable_key: 'pk_test_1',
      script: `${PROVIDER}/stripe.js`,
      amount,
      currency: 'usd',
      capture_method: 'automatic_async',
      manual_capture: ['card'],
    },
  };
}

function actions(action: Action, shop: string, order: string): Json {
  if (action === 'stripe')
    return { type: 'stripe', client_secret: 'pi_1_secret_2', publishable_key: 'pk_test_1' };
  const back = encodeURIComponent(`${shop}/orders/${order}?payment=1&payment_intent=pi_1`);
  return { type: 'redirect', url: `https://bank.example/3ds?back=${back}` };
}

/** The token of the sandbox's card whose bank wants to be asked. */
async function asking(shop: Shop): Promise<string> {
  type Tokens = { tokens: { token: string; outcome: string }[] };
  const { data } = await shop.ask<{ data: { tokens: Tokens }[] }>(
    'GET',
    '/api/v1/payments/methods',
  );
  const cards = data.flatMap((it) => it.tokens.tokens);
  return cards.find((it) => it.outcome === 'requires_action')?.token ?? '';
}

const SCRIPT = `
window.told = [];
window.Stripe = () => ({
  elements(options) {
    window.told.push({ made: options });
    const listeners = {};
    let card = '';
    return {
      create: () => ({
        on: (event, listener) => { listeners[event] = listener; },
        focus: () => {},
        destroy() { this.frame?.remove(); },
        mount(place) {
          this.frame = document.createElement('iframe');
          this.frame.title = 'payment';
          this.frame.src = '${PROVIDER}/form';
          this.frame.onload = () => listeners.ready?.();
          addEventListener('message', ({ data }) => { card = String(data); listeners.change?.(); });
          place.append(this.frame);
        },
      }),
      update: (options) => window.told.push({ updated: options }),
      submit: async () =>
        card ? {} : { error: { type: 'validation_error', code: 'x', message: 'Fill it in.' } },
      card: () => card,
    };
  },
  async createConfirmationToken({ elements, params }) {
    window.told.push({ details: params.payment_method_data.billing_details });
    return { confirmationToken: { id: 'ctoken_' + elements.card() } };
  },
  handleNextAction: () =>
    new Promise((done) => {
      const dialog = document.createElement('dialog');
      const button = (text, act) => {
        const it = document.createElement('button');
        it.textContent = text;
        it.onclick = () => { dialog.remove(); act(); };
        dialog.append(it);
      };
      button('Approve at the bank', () => { window.approved = true; done({}); });
      button('Close the question', () => done({
        error: { type: 'invalid_request_error', code: 'payment_intent_x', message: 'internal' },
      }));
      document.body.append(dialog);
      dialog.showModal();
    }),
});
`;
