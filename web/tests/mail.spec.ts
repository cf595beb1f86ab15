/** What people find in their mailbox, and where its links lead them. */

import { en } from '../src/store/texts/en';
import { fillAddress, fillCart, orderButton, product } from './buyer';
import { expect, linkOf, test } from './mailServer';

test('a customer forgets the password and gets in again by mail', async ({ page, shop, mail }) => {
  const { email } = await shop.login('customer');
  const password = 'another correct horse';
  await page.goto('/login');
  await page.getByRole('link', { name: en.auth.forgot }).click();
  await page.getByLabel(en.auth.email).fill(email);
  await page.getByRole('button', { name: en.auth.sendLink }).click();
  await expect(page.getByText(en.auth.linkSent(email))).toBeVisible();

  const reset = await mail.receive(email, /password/i);
  expect(reset.headers.get('auto-submitted')).toBe('auto-generated');
  expect(reset.html).toContain('/reset-password');
  await page.goto(linkOf(reset, '/reset-password'));
  await page.getByLabel(en.auth.newPassword, { exact: true }).fill(password);
  await page.getByRole('button', { name: en.auth.savePassword }).click();
  await expect(page.getByText(en.auth.resetDone)).toBeVisible();
  await mail.receive(email, /password was changed/i);

  await page.getByRole('link', { name: en.auth.signIn }).last().click();
  await page.getByLabel(en.auth.emailOrUsername).fill(email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(password);
  await page.getByRole('button', { name: en.auth.signIn, exact: true }).click();
  await expect(page).toHaveURL(/\/account$|\/$/);
  await expect.poll(() => page.evaluate(() => localStorage['cartwright.session'])).toBe('1');
});

test('a guest loses the browser and finds the order from the mail', async ({
  page,
  shop,
  mail,
  browser,
}) => {
  const email = 'grace@example.com';
  await fillCart(page, await product(shop, 0));
  await page.getByLabel(en.checkout.email).fill(email);
  await fillAddress(page);
  await page.getByLabel(en.payment.cards.succeeds.label).check();
  await orderButton(page).click();
  const confirmed = en.order.standing.confirmed.title;
  await expect(page.getByRole('heading', { name: confirmed })).toBeVisible();
  const receipt = await mail.receive(email, /confirmed/i);
  const number = /CW-\d+/.exec(receipt.subject)?.[0] ?? '';

  // Another browser, which knows nothing.
  const elsewhere = await browser.newPage({ baseURL: shop.url });
  await elsewhere.goto(`/orders/${number}`);
  await expect(elsewhere.getByRole('heading', { name: en.order.missing.title })).toBeVisible();
  await elsewhere.goto('/');
  await elsewhere.goto(linkOf(receipt, '/orders/'));
  await expect(elsewhere.getByRole('heading', { name: confirmed })).toBeVisible();
  expect(elsewhere.url()).not.toContain('key=');
  await elsewhere.context().close();

  // And one that has lost the mail, too.
  const again = await browser.newPage({ baseURL: shop.url });
  await again.goto('/find-order');
  await again.getByLabel(en.findOrder.number).fill(number);
  await again.getByLabel(en.findOrder.email).fill(email);
  await again.getByRole('button', { name: en.findOrder.send }).click();
  await expect(again.getByText(en.findOrder.sent(email))).toBeVisible();
  const found = await mail.receive(email, new RegExp(number));
  await again.goto(linkOf(found, '/orders/'));
  await expect(again.getByRole('heading', { name: confirmed })).toBeVisible();
  await again.context().close();
});
