/** What staff see of payment providers: that they are pretended, what they told, what customers dispute. */

import { furnish } from './furnish';
import { expect, test } from './shop';

const EVENT = {
  id: '0197aaaa-0000-7000-8000-000000000001',
  event_id: 'evt_1',
  type: 'charge.dispute.created',
  received_at: '2026-05-01T10:00:00Z',
};

test('staff see test mode, webhooks and disputes, and have a webhook applied again', async ({
  page,
  shop,
}) => {
  const { admin, order } = await furnish(shop);
  await page.goto('/admin/login');
  await page.getByLabel('Email address or username').fill(admin.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('No real money is moved.')).toBeVisible();

  // A provider that tells something, told by the API.
  const webhook = { ...EVENT, provider: 'stripe', status: 'dead', attempts: 8, error: 'timed out' };
  const replays: string[] = [];
  await page.route('**/api/v1/payments/webhooks?*', (route) =>
    route.fulfill({ json: { items: [{ ...webhook, payload: { object: 'event' } }] } }),
  );
  await page.route('**/api/v1/payments/webhooks/*/replay', (route) => {
    replays.push(new URL(route.request().url()).pathname.split('/').at(-2) ?? '');
    return route.fulfill({ status: 204 });
  });
  await page.route(`**/api/v1/orders/${order}`, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), disputed: true } });
  });
  await page.route(/\/api\/v1\/payments\/[0-9a-f-]{36}$/, async (route) => {
    const answer = await route.fetch();
    const amount = { amount: 1_999, currency: 'USD' };
    const dispute = { reference: 'dp_1', reason: 'fraudulent', status: 'needs_response', amount };
    const more = {
      disputes: [{ ...dispute, due_at: '2026-05-08T10:00:00Z' }],
      webhooks: [{ ...EVENT, status: 'done', error: null }],
    };
    await route.fulfill({ response: answer, json: { ...(await answer.json()), ...more } });
  });

  await page.getByRole('link', { name: 'System' }).click();
  await expect(page.getByRole('heading', { name: 'Webhooks: Payments' })).toBeVisible();
  await page.getByRole('button', { name: `Details of ${EVENT.type}` }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('timed out')).toBeVisible();
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await expect(page.getByText('The webhook will be applied again.')).toBeVisible();
  expect(replays).toEqual([EVENT.id]);

  await page.goto(`/admin/orders/${order}`);
  await expect(page.getByText('Disputed').first()).toBeVisible();
  await page.getByRole('tab', { name: 'Disputes' }).click();
  const disputes = page.getByRole('table', { name: 'Disputes' });
  await expect(disputes.getByRole('cell', { name: 'Not made by the cardholder' })).toBeVisible();
  await expect(disputes.getByRole('cell', { name: '$19.99' })).toBeVisible();
  await page.getByRole('tab', { name: 'Webhooks' }).click();
  const told = page.getByRole('table', { name: 'Webhooks' });
  await expect(told.getByRole('cell', { name: 'Applied' })).toBeVisible();
});
