/** Journeys of people who look around. */

import { en } from '../src/store/texts/en';
import { expect, type Shop, test } from './shop';

const usd = (amount: number) => ({ amount, currency: 'USD' });

/** A jacket of which not everything is made, and not everything is left. */
async function addJacket(shop: Shop) {
  const { token } = await shop.login('admin');
  const variant = (Size: string, Color: string, on_hand: number) => ({
    sku: `JACKET-${Size}-${Color}`.toUpperCase(),
    options: { Size, Color },
    price: usd(5900),
    compare_at_price: usd(7900),
    on_hand,
  });
  const jacket = {
    title: 'Storm Jacket',
    status: 'active',
    options: [
      { name: 'Size', values: ['S', 'M', 'L'] },
      { name: 'Color', values: ['Red', 'Black'] },
    ],
    variants: [
      variant('S', 'Red', 9),
      variant('M', 'Red', 0),
      variant('M', 'Black', 3),
      variant('L', 'Black', 9),
    ],
  };
  return await shop.ask<{ id: string; slug: string }>('POST', '/api/v1/products', jacket, token);
}

test('filters stand in the address, which shows the same to whoever gets it', async ({
  page,
  context,
}) => {
  await page.goto('/categories/clothing');
  const count = page.getByRole('heading', { level: 2, name: /^\d+ products?$/ });
  await expect(count).toBeVisible();
  const all = await count.textContent();

  await page.getByRole('group', { name: 'Size' }).getByRole('checkbox', { name: /^M\b/ }).check();
  await expect(page).toHaveURL(/\?option=Size:M$/);
  await page.getByRole('textbox', { name: en.catalog.priceMax }).fill('70');
  await page.getByRole('button', { name: en.catalog.apply }).click();
  await expect(page).toHaveURL(/\?option=Size:M&max_price=7000$/);
  await page.getByLabel(en.catalog.sort).selectOption(en.catalog.sorts.price);
  await expect(page).toHaveURL(/&sort=price$/);
  await expect(count).not.toHaveText(all ?? '');
  await expect(page.locator('[aria-busy="true"]'), 'the old list is gone').toHaveCount(0);
  const titles = await page.getByRole('article').getByRole('heading').allTextContents();
  expect(titles.length).toBeGreaterThan(1);

  const friend = await context.newPage();
  await friend.goto(page.url());
  await expect(friend.getByRole('article').getByRole('heading')).toHaveText(titles);

  await page.getByRole('button', { name: en.catalog.clearFilters }).click();
  await expect(page).toHaveURL(/\/categories\/clothing\?sort=price$/);
  await expect(count).toHaveText(all ?? '');
  await page.goBack();
  await expect(page.getByRole('article').getByRole('heading')).toHaveText(titles);
});

test('the suggestions are reached by keyboard alone', async ({ page }) => {
  await page.goto('/');
  const box = page.getByRole('combobox', { name: en.shell.searchLabel });
  await box.fill('notebok'); // small slips are forgiven
  const suggestion = page.getByRole('option', { name: /Dotted Notebook/ });
  await expect(suggestion).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(suggestion).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  await expect(suggestion).toBeHidden();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Dotted Notebook' })).toBeVisible();
});

test('what is not made cannot be chosen, and it is said why', async ({ page, shop }) => {
  const { slug } = await addJacket(shop);
  await page.goto(`/products/${slug}`);
  const value = (name: string) => page.getByRole('radio', { name: new RegExp(`^${name}\\b`) });
  const soldOut = page.getByRole('radio', { name: /^Red\b.*out of stock/ });
  await expect(value('S')).toBeChecked();
  await expect(value('Black')).toBeDisabled();
  await expect(page.getByText(en.product.unavailable('Black', 'S'))).toBeVisible();

  await value('L').check();
  await expect(value('Black'), 'the color gives way to the size').toBeChecked();
  await expect(value('Red')).toBeDisabled();
  await expect(page).toHaveURL(/\?sku=JACKET-L-BLACK$/);

  await value('M').check();
  await expect(page.getByText(en.product.onlyLeft(3))).toBeVisible();
  await soldOut.check();
  await expect(page.getByRole('button', { name: en.product.outOfStock })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
  await page.reload();
  await expect(soldOut).toBeChecked();
});

test('a customer says what they think of a product, once', async ({ page, shop }) => {
  const { slug } = await addJacket(shop);
  const { email, password } = await shop.login('customer');
  await page.goto(`/products/${slug}`);
  await page.getByRole('link', { name: en.reviews.signIn }).click();
  await page.getByLabel(en.auth.emailOrUsername).fill(email);
  await page.getByLabel(en.auth.password, { exact: true }).fill(password);
  await page.keyboard.press('Enter');

  const review = page.getByRole('region', { name: en.reviews.title });
  await review.getByRole('button', { name: en.reviews.write }).click();
  await review.getByRole('button', { name: en.reviews.submit }).click();
  await expect(review.getByRole('link', { name: en.reviews.ratingMissing })).toBeVisible();
  await review.getByRole('radio', { name: en.parts.stars('4') }).check();
  await review.getByLabel(en.reviews.body).fill('<b>Warm</b> & light');
  await review.getByRole('button', { name: en.reviews.submit }).click();
  await expect(review.getByText(en.reviews.thanks)).toBeVisible();
  await expect(review.getByRole('article').getByText('<b>Warm</b> & light')).toBeVisible();

  await page.reload();
  await review.getByRole('button', { name: en.reviews.write }).click();
  await review.getByRole('radio', { name: en.parts.stars('1') }).check();
  await review.getByLabel(en.reviews.body).fill('Not so sure any more');
  await review.getByRole('button', { name: en.reviews.submit }).click();
  await expect(review.getByRole('alert')).toContainText(en.problems.byCode.review_exists);
});
