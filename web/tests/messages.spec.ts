/** What the shop writes to people: how they get back to the shop by it, and what staff see of it. */

import { en as admin } from '../src/admin/texts/en';
import { de } from '../src/store/texts/de';
import { en } from '../src/store/texts/en';
import { fillAddress, fillCart, type List, orderButton, product, someone } from './buyer';
import { address, furnish } from './furnish';
import { expect, type Shop, test } from './shop';
import { logIn } from './staff';

const GRACE = 'grace@example.com';

type Message = Record<'id' | 'template' | 'subject' | 'body' | 'language' | 'status', string>;
type Template = { subject: string; body: string; customized: boolean };

// The links of messages are in the log, as nothing leaves a shop without providers.
test.use({ settings: { CARTWRIGHT__NOTIFICATIONS__LOG_SECRETS: 'true' } });

test('a guest who has lost the browser finds the order by a link', async ({ page, shop }) => {
  const order = await buyAsGuest(shop);
  await page.goto('/');
  await page.getByRole('contentinfo').getByRole('link', { name: en.findOrder.title }).click();
  const ask = async (email: string) => {
    await page.getByLabel(en.findOrder.number).fill(order.number.toLowerCase());
    await page.getByLabel(en.findOrder.email).fill(email);
    await page.getByRole('button', { name: en.findOrder.send }).click();
    await expect(page.getByText(en.findOrder.sent(email))).toBeVisible();
  };
  // A stranger is answered the same, and gets nothing.
  await ask('stranger@example.com');
  await page.getByRole('button', { name: en.findOrder.again }).click();
  await ask(GRACE);
  const { token } = await shop.login('admin');
  const message = await messageTo(shop, token, GRACE, 'order_link');
  expect(message.body).toContain(`/orders/${order.number}#key=****`);
  expect(await messagesTo(shop, token, 'stranger@example.com')).toEqual([]);

  const link = await linkIn(shop, 'order_link');
  const [path, key = ''] = link.split('#key=');
  expect(path).toBe(`/orders/${order.number}`);
  expect(key).toMatch(/^[\w-]{43}$/);
  const told: string[] = [];
  page.on('request', (request) => {
    const { referer = '' } = request.headers();
    told.push(referer, request.resourceType() === 'document' ? '' : request.url());
  });
  await page.goto(link);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en.order.title(order.number));
  await expect(page).toHaveURL(`${shop.url}/orders/${order.id}`);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(en.order.title(order.number));
  expect(told.filter((it) => it.includes(key))).toEqual([]);

  // A link that was revoked leads back to where one gets another.
  await shop.ask('DELETE', `/api/v1/orders/${order.id}/keys`, undefined, token);
  await page.goto('/');
  await page.goto(link);
  await page.getByRole('main').getByRole('link', { name: en.order.missing.find }).click();
  await expect(page.getByLabel(en.findOrder.number)).toHaveValue(order.number);
});

test('a guest registers with what the order says, and finds it in the account', async ({
  page,
  shop,
}) => {
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill(GRACE);
  await fillAddress(page);
  await page.getByLabel(en.payment.cards.succeeds.label).check();
  await orderButton(page).click();
  await expect(
    page.getByRole('heading', { name: en.order.standing.confirmed.title }),
  ).toBeVisible();
  const title = (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
  const number = /CW-\d+/.exec(title)?.[0] ?? 'an order';

  await page.getByRole('main').getByRole('link', { name: en.order.register }).click();
  await expect(page).toHaveURL(`${shop.url}/register`);
  await expect(page.getByLabel(en.auth.name, { exact: true })).toHaveValue(someone.name);
  await expect(page.getByLabel(en.auth.email)).toHaveValue(GRACE);
  await page.getByLabel(en.auth.password, { exact: true }).fill('a ship in port is safe');
  await page.getByRole('button', { name: en.auth.register }).click();

  // Not before the address is known to be theirs.
  await expect(page.getByText(en.account.verifyForOrders(GRACE))).toBeVisible();
  await expect(page.getByText(en.account.noOrders)).toBeVisible();
  await page.goto(await linkIn(shop, 'welcome'));
  await page.getByRole('button', { name: en.auth.verify }).click();
  await expect(page.getByText(en.auth.verified)).toBeVisible();
  await expect(async () => {
    await page.goto('/account');
    await expect(page.getByRole('link', { name: number })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(page.getByText(en.account.verifyForOrders(GRACE))).toHaveCount(0);
});

test('who is logged in gets messages in the language of the pages', async ({ page, shop }) => {
  const { email, password, token } = await shop.login('customer');
  await page.goto('/login');
  await page.getByLabel(en.auth.emailOrUsername).fill(email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(password);
  await page.getByRole('main').getByRole('button', { name: en.auth.signIn }).click();
  await expect(page).not.toHaveURL(/\/login/);
  await page.getByRole('contentinfo').getByLabel(en.shell.language).selectOption('de');
  const user = () => shop.ask<{ language: string }>('GET', '/api/v1/users/me', undefined, token);
  await expect.poll(async () => (await user()).language).toBe('de');
  await page.goto('/account/profile');
  await expect(page.getByLabel(de.account.language)).toHaveValue('de');

  await shop.ask('POST', '/api/v1/auth/password/forgot', { email });
  const staff = await shop.login('admin');
  expect(await messageTo(shop, staff.token, email, 'password_reset')).toMatchObject({
    language: 'de',
    status: 'logged',
  });
});

test('a link to unsubscribe that is not of the shop changes nothing and says so', async ({
  page,
}) => {
  await page.goto('/unsubscribe#token=forged');
  await page.getByRole('button', { name: en.unsubscribe.unsubscribe }).click();
  await expect(page.getByRole('alert')).toHaveText(en.unsubscribe.invalid);
  await expect(page.getByRole('button', { name: en.unsubscribe.unsubscribe })).toHaveCount(0);
  await page.goto('/');
  await page.goto('/unsubscribe');
  await expect(page.getByRole('alert')).toHaveText(en.unsubscribe.invalid);
  await expect(page.getByRole('main').getByRole('link')).toHaveAttribute(
    'href',
    '/account/messages',
  );
});

test('unsubscribing takes a click, and says for which address', async ({ page }) => {
  const sent: string[] = [];
  await page.route('**/api/v1/notifications/unsubscribe/*', (route) => {
    sent.push(`${route.request().method()} ${new URL(route.request().url()).pathname}`);
    return route.fulfill({ json: { channel: 'email', recipient: 'g***@example.com' } });
  });
  await page.goto('/unsubscribe#token=abc-_1');
  const button = page.getByRole('button', { name: en.unsubscribe.unsubscribe });
  await expect(button).toBeVisible();
  expect(sent).toEqual([]);
  await button.click();
  await expect(page.getByText(en.unsubscribe.done('g***@example.com'))).toBeVisible();
  expect(sent).toEqual(['POST /api/v1/notifications/unsubscribe/abc-_1']);
});

test('staff see a message as a mailbox shows it', async ({ page, shop }) => {
  const { admin: staff, message } = await furnish(shop);
  await logIn(page, staff);
  await page.goto(`/admin/messages/${message}`);
  await expect(page.getByText(admin.messages.loggedOnlyText)).toBeVisible();
  const mail = page.getByRole('article');
  const frame = mail.locator('iframe');
  await expect(frame).toHaveAttribute('sandbox', '');
  const inside = frame.contentFrame();
  // Mailboxes show the beginning beside the subject, so it is there twice.
  await expect(
    inside
      .getByText(/CW-\d+/)
      .filter({ visible: true })
      .first(),
  ).toBeVisible();
  // The styles of a mail are within it; a browser that refused them would have complained, too.
  const link = inside.getByRole('link', { name: 'View your order' });
  await expect(link).toHaveCSS('text-decoration-line', 'none');
  // It leads nowhere.
  await expect(inside.locator('base')).toHaveAttribute('target', '_blank');

  await mail.getByRole('tab', { name: admin.messages.plain }).click();
  await expect(frame).toHaveCount(0);
  await expect(mail).toContainText(/CW-\d+/);
});

test('staff change the German text of a template, and the English one stays', async ({
  page,
  shop,
}) => {
  const { admin: staff } = await furnish(shop);
  const text = (language: string) =>
    shop.ask<Template>(
      'GET',
      `/api/v1/notifications/templates/order_confirmed?language=${language}`,
      undefined,
      staff.token,
    );
  const [german, english] = [await text('de'), await text('en')];
  expect(german.subject).not.toBe(english.subject);
  await logIn(page, staff);
  await page.goto('/admin/templates');
  const languages = page.getByRole('radiogroup', { name: admin.templates.language });
  await languages.getByText('Deutsch').click();
  await expect(page).toHaveURL(/language=de/);
  await page.getByRole('link', { name: admin.templates.names.order_confirmed }).click();
  const subject = page.getByRole('textbox', { name: admin.templates.subject });
  await expect(subject).toHaveValue(german.subject);
  const body = page.getByRole('textbox', { name: admin.templates.text });
  await body.fill(`${german.body}\n\n**Schöne Grüße** von uns`);
  const preview = page.locator('iframe').contentFrame();
  await expect(preview.locator('strong', { hasText: 'Schöne Grüße' })).toBeVisible();

  // What is not saved yet can be sent to oneself.
  await page.getByRole('button', { name: admin.templates.test }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel(admin.messages.toEmail)).toHaveValue(staff.email);
  await dialog.getByRole('button', { name: admin.messages.send }).click();
  await expect(page.getByText(admin.messages.loggedFor(staff.email))).toBeVisible();
  const sent = await messagesTo(shop, staff.token, staff.email);
  const test = sent.find((it) => it.subject.startsWith('[Test] '));
  expect(test).toMatchObject({ language: 'de', body: expect.stringContaining('Schöne Grüße') });
  expect((await text('de')).customized).toBe(false);

  await page.getByRole('button', { name: admin.parts.save }).click();
  await expect(page.getByText(admin.templates.customized)).toBeVisible();
  expect((await text('de')).body).toContain('Schöne Grüße');
  expect(await text('en')).toEqual(english);
  await languages.getByText('English').click();
  await expect(subject).toHaveValue(english.subject);
});

test('staff see which provider is not reachable, and let messages go to an address again', async ({
  page,
  shop,
}) => {
  const { admin: staff } = await furnish(shop);
  const smtp = {
    provider: 'smtp',
    available: false,
    retry_at: '2026-05-01T10:01:00Z',
    last_error: 'connection refused',
    last_error_at: '2026-05-01T10:00:00Z',
  };
  const channel = (channel: string, providers: unknown[]) => ({
    channel,
    delivers: providers.length > 0,
    setting: `notifications.${channel}.providers`,
    providers,
  });
  await page.route('**/api/v1/notifications/providers', (route) =>
    route.fulfill({ json: { items: [channel('email', [smtp]), channel('sms', [])] } }),
  );
  let suppressed = [
    {
      id: '0197aaaa-0000-7000-8000-000000000002',
      channel: 'email',
      recipient: GRACE,
      reason: 'bounced',
      detail: '5.1.1',
      created_at: '2026-05-01T10:00:00Z',
    },
  ];
  await page.route('**/api/v1/notifications/suppressions?*', (route) =>
    route.fulfill({ json: { items: suppressed, total: suppressed.length } }),
  );
  await page.route('**/api/v1/notifications/suppressions/*', (route) => {
    suppressed = [];
    return route.fulfill({ status: 204 });
  });
  await logIn(page, staff);
  await expect(page.getByText(admin.messages.unavailable('SMTP'))).toBeVisible();
  await expect(page.getByText(admin.messages.lastError('connection refused'))).toBeVisible();
  await expect(page.getByText(admin.messages.noDelivery)).toHaveCount(0);
  await page.goto('/admin/system');
  const providers = page.getByRole('table', { name: admin.system.messageProviders });
  await expect(providers.getByRole('row').nth(1)).toContainText(admin.system.unavailable);
  await expect(providers.getByRole('row').nth(2)).toContainText('notifications.sms.providers');

  await page.goto('/admin/suppressions');
  await expect(page.getByText('5.1.1')).toBeVisible();
  const { liftOne, liftDialog, lifted, empty } = admin.suppressions;
  await page.getByRole('button', { name: liftOne(GRACE) }).click();
  await page.getByRole('dialog').getByRole('button', { name: liftDialog.yes }).click();
  await expect(page.getByText(lifted(GRACE))).toBeVisible();
  await expect(page.getByText(empty.title)).toBeVisible();
});

test('without a provider staff are told which setting names one', async ({ page, shop }) => {
  const { admin: staff } = await furnish(shop);
  await logIn(page, staff);
  await expect(page.getByText(admin.messages.noDelivery)).toBeVisible();
  await expect(page.getByText(/notifications\.email\.providers/)).toBeVisible();
  await page.goto('/admin/messages');
  // The counts lead to their messages.
  await page
    .getByRole('main')
    .getByRole('link', { name: new RegExp(`^${admin.states.message.logged}: \\d`) })
    .click();
  await expect(page).toHaveURL(/status=logged/);
  await expect(
    page.getByRole('table').getByText(admin.states.message.logged).first(),
  ).toBeVisible();
});

/** Orders over the API, so that this browser knows nothing of it. */
async function buyAsGuest(shop: Shop): Promise<{ id: string; number: string }> {
  const { variants } = await product(shop, 0);
  const answer = await fetch(`${shop.url}/api/v1/orders/checkout`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify({
      email: GRACE,
      items: [{ sku: variants[0]?.sku, quantity: 1 }],
      shipping_address: address,
      payment: { provider: 'sandbox', token: 'tok_visa' },
    }),
  });
  expect(answer.ok, `${answer.status}`).toBe(true);
  return (await answer.json()) as { id: string; number: string };
}

async function messagesTo(shop: Shop, token: string, recipient: string): Promise<Message[]> {
  const path = `/api/v1/notifications/history?recipient=${encodeURIComponent(recipient)}`;
  return (await shop.ask<List<Message>>('GET', path, undefined, token)).items;
}

/** The latest message to somebody that was made of this template; it is written a moment later. */
async function messageTo(
  shop: Shop,
  token: string,
  recipient: string,
  template: string,
): Promise<Message> {
  let found: Message | undefined;
  await expect(async () => {
    found = (await messagesTo(shop, token, recipient)).find((it) => it.template === template);
    expect(found?.status).toBe('logged');
  }).toPass();
  return found as Message;
}

/** Where the link of the latest message made of a template leads to, its secret included. */
async function linkIn(shop: Shop, template: string): Promise<string> {
  let path: string | undefined;
  await expect(() => {
    const lines = shop.said().split('\n');
    const line = lines.filter((it) => it.includes(template) && it.includes('link=')).at(-1);
    path = /link=\S*?https?:\/\/[^/\s]+([^\s"]+)/.exec(line ?? '')?.[1];
    expect(path).toBeDefined();
  }).toPass();
  return path as string;
}
