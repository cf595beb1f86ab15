/** Staff with many products at once, and with each other; and how shoppers page through them. */

import { readFileSync } from 'node:fs';

import { en as store } from '../src/store/texts/en';
import { expect, type Shop, test } from './shop';
import { logIn } from './staff';

type Product = {
  id: string;
  slug: string;
  title: string;
  vendor: string;
  tags: string[];
  options: { name: string; values: string[] }[];
  variants: { id: string; sku: string; price: { amount: number }; barcode?: string | null }[];
};

const usd = (amount: number) => ({ amount, currency: 'USD' });

/** Kites that are alike but for their numbers, once the search finds all of them. */
async function addKites(shop: Shop, token: string, count: number): Promise<Product[]> {
  const made: Product[] = [];
  for (let n = 1; n <= count; n++) {
    const body = {
      title: `Kite ${n}`,
      status: 'active',
      vendor: 'Upwind',
      variants: [{ sku: `KITE-${n}`, price: usd(1000 + n), on_hand: 3 }],
    };
    made.push(await shop.ask<Product>('POST', '/api/v1/products', body, token));
  }
  const found = () => shop.ask<{ total: number }>('GET', '/api/v1/products?search=kite&count=true');
  await expect.poll(async () => (await found()).total).toBe(count);
  return made;
}

test('all that match are chosen, and edited in bulk', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  const kites = await addKites(shop, admin.token, 35);
  await logIn(page, admin);
  await page.goto('/admin/products?search=kite&sort=title');
  await expect(page.getByText('30 entries shown')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select all shown' }).check();
  await page.getByRole('button', { name: 'Select all that match' }).click();
  await expect(page.getByText('35 selected')).toBeVisible();

  await page.getByRole('button', { name: 'Edit…' }).click();
  const form = page.getByRole('dialog');
  await form.getByRole('combobox', { name: 'Tags', exact: true }).click();
  await page.getByRole('option', { name: 'Add', exact: true }).click();
  await form.getByRole('textbox', { name: 'Tags: value' }).fill('Summer');
  await page.keyboard.press('Enter');
  await form.getByRole('combobox', { name: 'Price', exact: true }).click();
  await page.getByRole('option', { name: 'Change by percent' }).click();
  await form.getByRole('textbox', { name: 'Price: value' }).fill('-10');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('35 products updated')).toBeVisible();

  for (const n of [1, 35]) {
    const path = `/api/v1/products/${kites[n - 1]?.id}`;
    expect(await shop.ask<Product>('GET', path, undefined, admin.token)).toMatchObject({
      tags: ['Summer'],
      vendor: 'Upwind',
      variants: [{ price: usd(Math.round((1000 + n) * 0.9)) }],
    });
  }
});

test('variants are edited in a table that cells are pasted into; who was faster is told', async ({
  page,
  shop,
}) => {
  const admin = await shop.login('admin');
  const [first, second] = await addKites(shop, admin.token, 2);
  await logIn(page, admin);
  await page.goto('/admin/products?search=kite&sort=title');
  await page.getByRole('checkbox', { name: 'Select all shown' }).check();
  await page.getByRole('button', { name: 'Edit variants…' }).click();
  const price = page.getByLabel('Price for Kite 1 (KITE-1)', { exact: true });
  await expect(price).toHaveValue('10.01');
  await price.focus();
  await price.evaluate((cell) => {
    const data = new DataTransfer();
    data.setData('text/plain', '20.50\t30\n21\t31\n');
    cell.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
  });
  await expect(page.getByText('2 variants changed')).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByLabel('Price for Kite 2 (KITE-2)', { exact: true })).toBeFocused();

  const other = { variants: [{ id: second?.variants[0]?.id, barcode: '4006381333931' }] };
  await shop.ask('PATCH', `/api/v1/products/${second?.id}`, other, admin.token);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('1 variant couldn’t be updated')).toBeVisible();
  await expect(page.getByText('Someone else has changed this variant')).toBeVisible();
  const read = (id?: string) =>
    shop.ask<Product>('GET', `/api/v1/products/${id}`, undefined, admin.token);
  expect(await read(first?.id)).toMatchObject({
    variants: [{ price: usd(2050), compare_at_price: usd(3000) }],
  });
  expect(await read(second?.id)).toMatchObject({ variants: [{ price: usd(1002) }] });

  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await read(second?.id)).toMatchObject({
    variants: [{ price: usd(2100), barcode: '4006381333931' }],
  });
});

test('two edit the same product, and nothing that was typed is lost', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  const [kite] = await addKites(shop, admin.token, 1);
  const path = `/api/v1/products/${kite?.id}`;
  await logIn(page, admin);
  await page.goto(`/admin/products/${kite?.id}`);
  await page.getByLabel('Vendor').fill('Mine');
  await page.getByLabel('Barcode').fill('4006381333931');
  await shop.ask(
    'PATCH',
    path,
    { vendor: 'Theirs', variants: [{ id: kite?.variants[0]?.id, price: usd(5000) }] },
    admin.token,
  );
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Vendor (you’ve changed it too)')).toBeVisible();
  await expect(dialog.getByText('Price for KITE-1')).toBeVisible();
  await dialog.getByRole('button', { name: 'Load current version' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByLabel('Vendor')).toHaveValue('Mine');
  await expect(page.getByLabel('Barcode')).toHaveValue('4006381333931');
  await expect(page.getByLabel('Price', { exact: true })).toHaveValue('50.00');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  expect(await shop.ask<Product>('GET', path, undefined, admin.token)).toMatchObject({
    vendor: 'Mine',
    variants: [{ price: usd(5000), barcode: '4006381333931' }],
  });
});

test('an import removes only what it is told to, after it has said what', async ({
  page,
  shop,
}) => {
  const admin = await shop.login('admin');
  const variant = (Size: string, on_hand: number) => ({
    sku: `MUG-${Size}`,
    options: { Size },
    price: usd(900),
    on_hand,
  });
  const path = '/api/v1/products/enamel-mug';
  const mug = {
    title: 'Enamel mug',
    status: 'active',
    options: [{ name: 'Size', values: ['S', 'L'] }],
    variants: [variant('S', 4), variant('L', 7)],
  };
  await shop.ask('POST', '/api/v1/products', mug, admin.token);
  const skus = async () =>
    (await shop.ask<Product>('GET', path, undefined, admin.token)).variants.map((it) => it.sku);

  await logIn(page, admin);
  await page.goto('/admin/import');
  const rows = [
    'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Barcod,Status',
    'enamel-mug,Enamel mug,Size,S,MUG-S,9.50,1,active',
  ];
  const file = { name: 'mug.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) };
  await page.locator('input[type=file]').setInputFiles(file);
  await expect(page.getByText('Format: Shopify')).toBeVisible();
  await expect(page.getByText('Variant Barcod – did you mean “Variant Barcode”?')).toBeVisible();
  const removals = page.getByRole('table', { name: /^To be removed/ });
  await expect(removals).toBeHidden();
  await page.getByRole('switch', { name: 'Remove what the file does not name' }).check();
  await expect(removals.getByRole('row').filter({ hasText: 'MUG-L' })).toContainText('7');

  await page.getByRole('button', { name: 'Import 1 product' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('7 units on hand');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await skus()).toEqual(['MUG-S', 'MUG-L']);
  await page.getByRole('button', { name: 'Import 1 product' }).click();
  await dialog.getByRole('button', { name: 'Import and remove' }).click();
  await expect(page.getByText('The import is complete.')).toBeVisible();
  expect(await skus()).toEqual(['MUG-S']);
});

test('the catalogue is exported for a spreadsheet', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  await logIn(page, admin);
  await page.goto('/admin/products');
  await page.getByRole('button', { name: 'Export products' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'CSV for Excel' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^products.*\.csv$/);
  const text = readFileSync(await file.path(), 'utf8');
  expect(text.startsWith('\ufeff')).toBe(true);
  expect(text).toContain('CANVAS-TOTE');
});

test('Ctrl K finds SKUs, people and orders', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  await addKites(shop, admin.token, 1);
  await shop.login('customer');
  await logIn(page, admin);
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog');
  const box = palette.getByRole('searchbox').or(palette.getByRole('textbox'));
  await box.fill('kite-1');
  await expect(palette.getByRole('button', { name: /^KITE-1/ })).toBeVisible();
  await box.fill('our-customer');
  await expect(palette.getByRole('button', { name: /our-customer@example.com/ })).toBeVisible();
  await expect(palette.getByRole('button', { name: /^KITE-1/ })).toBeHidden();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/admin\/customers\/[0-9a-f-]{36}$/);
});

test('a list is paged through without skips, and back leads back', async ({ page, shop }) => {
  const { token } = await shop.login('admin');
  await addKites(shop, token, 30);
  const titles = page.getByRole('article').getByRole('heading');
  const pager = page.getByRole('navigation', { name: store.parts.pagination });
  await page.goto('/search?search=kite&sort=price');
  await expect(titles).toHaveCount(24);
  const first = await titles.allTextContents();
  // What comes in front of the list meanwhile pushes nothing over the edge of the page.
  const cheap = { title: 'Kite string', status: 'active', price: usd(100), sku: 'STRING' };
  await shop.ask('POST', '/api/v1/products', cheap, token);
  await pager.getByRole('link', { name: store.parts.next }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(titles).toHaveText([
    'Kite 25',
    'Kite 26',
    'Kite 27',
    'Kite 28',
    'Kite 29',
    'Kite 30',
  ]);
  await page.reload();
  await expect(titles).toHaveCount(6);
  await pager.getByRole('link', { name: store.parts.previous }).click();
  await expect(titles).toHaveCount(24);
  await expect(page).not.toHaveURL(/cursor=/);
  await page.goBack();
  await expect(titles).toHaveCount(6);
  await page.goBack();
  await expect(titles.first()).toHaveText(first[0] ?? '');

  // An address of another list leads to the beginning.
  await page.goto('/search?search=kite&cursor=nonsense');
  await expect(page).toHaveURL(/\/search\?search=kite$/);
});

test('when no product has all words, it is said', async ({ page, shop }) => {
  const { token } = await shop.login('admin');
  await addKites(shop, token, 2);
  await page.goto('/search?search=kite+submarine');
  await expect(page.getByRole('article').filter({ hasText: 'Kite 1' })).toBeVisible();
  await expect(page.getByText(store.catalog.partial).first()).toBeVisible();
  await page.goto('/search?search=kite');
  await expect(page.getByRole('article').filter({ hasText: 'Kite 1' })).toBeVisible();
  await expect(page.getByText(store.catalog.partial)).toHaveCount(0);
});

test('groups of filters keep their places', async ({ page }) => {
  await page.goto('/categories/clothing');
  const groups = page.getByRole('complementary').getByRole('group');
  await expect(groups.first()).toBeVisible();
  const names = () => groups.locator('legend').allTextContents();
  const before = await names();
  await page.getByRole('group', { name: 'Size' }).getByRole('checkbox', { name: /^M\b/ }).check();
  await expect(page).toHaveURL(/\?option=Size:M$/);
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  expect(await names()).toEqual(before);
});
