/** Staff with orders, accounts, reviews and messages, in the admin. */

import { en } from '../src/admin/texts/en';
import { type Furnished, furnish } from './furnish';
import { expect, test } from './shop';
import { logIn } from './staff';

type Items<T> = { items: T[] };
type Order = { id: string; number: string; status: string; payment: { id: string } };

test('an order is shipped, delivered, and a part of it refunded once', async ({
  page,
  shop,
  complaints,
}) => {
  const { admin } = await furnish(shop);
  await logIn(page, admin);
  await page.getByRole('link', { name: 'Orders', exact: true }).click();
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Confirmed' }).click();
  // The list of before stays until the one that was asked for is there.
  const listed = page.getByRole('link', { name: /^CW-/ });
  await expect(listed).toHaveCount(1);
  await listed.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^CW-/);
  const number = (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
  const dialog = page.getByRole('dialog');

  await page.getByRole('button', { name: 'Ship order' }).click();
  await dialog.getByRole('textbox', { name: 'Tracking number' }).fill('RM987654321GB');
  await dialog.getByRole('button', { name: 'Mark as shipped' }).click();
  await expect(page.getByText('RM987654321GB')).toBeVisible();

  await page.getByRole('button', { name: 'Mark as delivered' }).click();
  await dialog.getByRole('button', { name: 'Mark as delivered' }).click();
  await expect(page.getByText(`${number} marked as delivered`)).toBeVisible();

  // The answer is lost, the page loaded anew and the button pressed twice: one refund.
  let sent = 0;
  await page.route('**/refunds', async (route) => {
    if (route.request().method() !== 'POST' || sent++ > 0) return await route.fallback();
    await route.fetch();
    await route.abort();
  });
  const refund = async () => {
    await page.getByRole('button', { name: 'Refund', exact: true }).click();
    await dialog.getByLabel('Amount').fill('1.50');
    await dialog.getByLabel('Note').fill('scratched');
    await dialog.getByRole('button', { name: 'Refund $1.50' }).dblclick();
  };
  await refund();
  await expect(dialog.getByRole('alert')).toContainText('It won’t be refunded twice');
  expect(complaints.splice(0)).toEqual([expect.stringContaining('ERR_FAILED')]);
  await page.reload();
  await refund();
  await expect(page.getByText('Refunded $1.50')).toBeVisible();
  const order = await shop.ask<Order>('GET', `/api/v1/orders/${number}`, undefined, admin.token);
  const path = `/api/v1/payments/${order.payment.id}/refunds`;
  const refunds = await shop.ask<Items<{ amount: unknown }>>('GET', path, undefined, admin.token);
  expect(refunds.items).toHaveLength(1);
  expect(refunds.items[0]).toMatchObject({ amount: { amount: 150 }, status: 'succeeded' });

  // The customer hears of it, and the messages can be read there.
  await page.getByRole('link', { name: `Your order ${number} is on its way`, exact: true }).click();
  const mail = page.getByRole('article').locator('iframe').contentFrame();
  // Mailboxes show the beginning beside the subject, so it is there twice.
  await expect(mail.getByText('RM987654321GB').filter({ visible: true })).toHaveCount(1);
});

test('an order is cancelled, and what was paid goes back', async ({ page, shop }) => {
  const { admin } = await furnish(shop);
  const orders = await shop.ask<Items<Order>>(
    'GET',
    '/api/v1/orders?all=true&status=confirmed',
    undefined,
    admin.token,
  );
  await logIn(page, admin);
  await page.goto(`/admin/orders/${orders.items[0]?.number}`);
  await page.getByRole('button', { name: 'Cancel order' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Note').fill('sold twice');
  await dialog.getByRole('button', { name: 'Cancel order' }).click();
  await expect(page.getByText('Cancellation reason')).toBeVisible();
  await expect(page.getByText('sold twice').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ship order' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Refund', exact: true })).toHaveCount(0);
});

test('staff see what they may do, and nobody shuts out the last administrator', async ({
  page,
  shop,
}) => {
  const { admin } = await furnish(shop);
  await logIn(page, admin);
  await page.goto('/admin/customers');
  await page.getByRole('button', { name: 'New account' }).click();
  const dialog = page.getByRole('dialog');
  const colleague = { email: 'colleague@example.com', password: 'a long enough secret' };
  await dialog.getByLabel('Name').fill('Grace Hopper');
  await dialog.getByLabel('Email').fill(colleague.email);
  await dialog.getByRole('textbox', { name: 'Password' }).fill(colleague.password);
  for (const name of ['Manage catalog', 'Manage orders', 'Issue refunds', 'View messages']) {
    await dialog.getByRole('checkbox', { name }).uncheck();
  }
  await dialog.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Grace Hopper');

  await page.goto(`/admin/customers?q=${encodeURIComponent(admin.email)}`);
  await page.getByRole('row').nth(1).getByRole('link').click();
  const others = await shop.ask<Items<{ id: string; email: string }>>(
    'GET',
    '/api/v1/users?role=admin&active=true',
    undefined,
    admin.token,
  );
  for (const it of others.items.filter((it) => it.email !== admin.email)) {
    await shop.ask('PATCH', `/api/v1/users/${it.id}`, { active: false }, admin.token);
  }
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await dialog.getByRole('button', { name: 'Deactivate' }).click();
  await expect(page.getByRole('alert')).toContainText('last administrator');

  await page.context().clearCookies();
  await page.evaluate(() => localStorage.clear());
  await logIn(page, colleague);
  const navigation = page.getByRole('navigation', { name: 'Main navigation' });
  await expect(navigation.getByRole('link', { name: 'Orders' })).toBeVisible();
  await expect(navigation.getByRole('link', { name: 'Products' })).toHaveCount(0);
  await expect(navigation.getByRole('link', { name: 'Messages' })).toHaveCount(0);
  await page.goto('/admin/products');
  await expect(page.getByText('You don’t have access to this page')).toBeVisible();
  await page.goto('/admin/orders');
  await page.getByRole('link', { name: /^CW-/ }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^CW-/);
  await expect(page.getByRole('heading', { name: 'Payment' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Ship|Refund|Cancel/ })).toHaveCount(0);
});

test('what people write stays text', async ({ page, shop }) => {
  const { admin, customer, product }: Furnished = await furnish(shop);
  const evil = '<img src=x onerror="document.title=\'taken\'"><b>bold</b>';
  const reviews = await shop.ask<Items<{ id: string }>>(
    'GET',
    `/api/v1/products/${product.id}/reviews`,
  );
  const id = reviews.items[0]?.id;
  await shop.ask('PATCH', `/api/v1/reviews/${id}`, { title: evil, body: evil }, customer.token);
  await shop.ask(
    'POST',
    '/api/v1/notifications/email',
    { to: 'ada@example.com', subject: evil, body: evil },
    admin.token,
  );
  await logIn(page, admin);
  await page.goto('/admin/reviews?status=all');
  await expect(page.getByText(evil).first()).toBeVisible();
  await page.goto('/admin/messages?q=ada%40example.com');
  await page.getByRole('row').nth(1).getByRole('link').click();
  await expect(page.getByRole('article')).toContainText(evil);
  const mail = page.getByRole('article').locator('iframe').contentFrame();
  await expect(mail.getByText('<b>bold</b>').filter({ visible: true })).toHaveCount(1);
  await expect(page).not.toHaveTitle('taken');
});

test('a customer is kept out of the admin', async ({ page, shop }) => {
  const { email, password, token } = await shop.login('customer');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/admin/orders');
  await page.getByLabel(en.login.email).fill(email);
  await page.getByRole('textbox', { name: en.login.password }).fill(password);
  await page.getByRole('button', { name: en.login.submit }).click();
  await expect(page.getByRole('heading', { name: en.login.staffOnly.title })).toBeVisible();
  await expect(page.getByRole('navigation')).toHaveCount(0);
  const data = asked.filter((it) => it.startsWith('/api/') && !it.startsWith('/api/v1/auth/'));
  expect(data).toEqual([]);
  // The pages only hide what the services refuse.
  for (const path of [
    '/orders?all=true',
    '/users',
    '/reports/sales',
    '/catalog/dead-letters',
    '/orders/queues',
  ]) {
    const refused = await fetch(`${shop.url}/api/v1${path}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(refused.status, path).toBe(403);
  }
});
