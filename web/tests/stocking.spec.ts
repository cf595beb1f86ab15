/** Staff with products, files of them, categories and stock, in the admin. */

import { expect, test } from './shop';
import { logIn } from './staff';

type Items<T> = { items: T[] };
type Product = {
  id: string;
  slug: string;
  status: string;
  images: { url: string; alt: string | null }[];
  variants: { id: string; sku: string; title: string; price: { amount: number } }[];
};

/** Two by two pixels of red. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==',
  'base64',
);

test('a product gets variants from its options, pictures, and is changed and published', async ({
  page,
  shop,
}) => {
  const admin = await shop.login('admin');
  await logIn(page, admin);
  await page.goto('/admin/products');
  await page.getByRole('link', { name: 'Add product' }).click();
  await page.getByRole('textbox', { name: 'Title', exact: true }).fill('Wax jacket');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Enter a price')).toBeVisible();
  await page.getByLabel('Price', { exact: true }).fill('149.50');

  await page.getByRole('button', { name: 'Add option' }).click();
  await page.getByLabel('Option name').fill('Size');
  await page.getByRole('combobox', { name: 'Values' }).fill('S');
  await page.keyboard.press('Enter');
  await page.keyboard.type('M');
  await page.keyboard.press('Enter');
  await page.getByLabel('SKU for M', { exact: true }).fill('WAX-M');
  await page.getByLabel('On hand for M', { exact: true }).fill('7');

  await page.locator('input[type=file]').setInputFiles([
    { name: 'front.png', mimeType: 'image/png', buffer: PICTURE },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') },
  ]);
  await expect(page.getByText('notes.txt: must be a JPEG')).toBeVisible();
  await page.getByLabel('Alt text').fill('The jacket from the front');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Wax jacket');
  await page.waitForURL(/\/admin\/products\/[0-9a-f-]{36}$/);

  const path = '/api/v1/products/wax-jacket';
  const made = await shop.ask<Product>('GET', path, undefined, admin.token);
  expect(made).toMatchObject({
    status: 'draft',
    images: [{ alt: 'The jacket from the front' }],
    variants: [
      { title: 'S', price: { amount: 14950 } },
      { title: 'M', sku: 'WAX-M' },
    ],
  });
  const stock = await shop.ask('GET', '/api/v1/inventory/WAX-M', undefined, admin.token);
  expect(stock).toMatchObject({ on_hand: 7 });

  // One more size; the others stay who they are. Meanwhile somebody else changes the title.
  await page.getByRole('combobox', { name: 'Values' }).fill('L');
  await page.keyboard.press('Enter');
  await shop.ask('PATCH', path, { title: 'Waxed jacket' }, admin.token);
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Someone else has changed this product');
  await dialog.getByRole('button', { name: 'Save my changes' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waxed jacket');
  const wider = await shop.ask<Product>('GET', path, undefined, admin.token);
  expect(wider.variants.map((it) => it.title)).toEqual(['S', 'M', 'L']);
  expect(wider.variants.slice(0, 2).map((it) => it.id)).toEqual(made.variants.map((it) => it.id));

  // What is not saved is not lost without a word.
  await page.getByLabel('Vendor').fill('Nobody');
  await page.getByRole('link', { name: 'Products' }).first().click();
  await dialog.getByRole('button', { name: 'Leave page' }).click();
  await page.getByRole('tab', { name: 'Draft' }).click();
  await page.getByRole('checkbox', { name: 'Select Waxed jacket' }).check();
  await page.getByRole('button', { name: 'Publish' }).click();
  await expect(page.getByText('1 product published')).toBeVisible();
  expect(await shop.ask<Product>('GET', path)).toMatchObject({ status: 'active', vendor: '' });
});

test('a file is looked at first, then imported but for its bad rows', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  await logIn(page, admin);
  await page.goto('/admin/import');
  const rows = [
    'Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty,Status',
    'tin-cup,Tin cup,TIN-CUP,12.00,5,active',
    'tin-plate,Tin plate,TIN-PLATE,a lot,5,active',
  ];
  await page.locator('input[type=file]').setInputFiles({
    name: 'tin.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(rows.join('\n')),
  });
  const mistakes = page.getByRole('table', { name: 'Rows with errors: 1' });
  await expect(mistakes.getByRole('row').nth(1)).toContainText(/^3/);
  await expect(page.getByRole('table', { name: 'Sample products' })).toContainText('Tin cup');
  const before = await shop.ask<Items<Product>>('GET', '/api/v1/products?search=tin+cup');
  expect(before.items.map((it) => it.slug)).not.toContain('tin-cup');

  await page.getByRole('button', { name: 'Import 1 product' }).click();
  await expect(page.getByText('The import is complete.')).toBeVisible();
  await expect(mistakes).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as CSV' }).click();
  expect((await download).suggestedFilename()).toBe('bad-rows.csv');
  expect(await shop.ask<Product>('GET', '/api/v1/products/tin-cup')).toMatchObject({
    variants: [{ sku: 'TIN-CUP', price: { amount: 1200 } }],
  });
  await expect(page.getByRole('link', { name: 'tin.csv' })).toBeVisible();
});

test('categories are put in order with the keyboard', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  await logIn(page, admin);
  await page.goto('/admin/categories');
  const list = page.getByRole('list', { name: 'Category order' });
  await expect(list.getByRole('listitem').first()).toContainText('Clothing');
  await page.getByRole('button', { name: 'Actions for Clothing' }).press('Enter');
  await page.getByRole('menuitem', { name: 'Move down' }).press('Enter');
  await expect(page.getByText('Category moved')).toBeVisible();
  await expect(list.getByRole('listitem').first()).toContainText('Home');
  await page.reload();
  await expect(list.getByRole('listitem').first()).toContainText('Home');

  await page.getByRole('button', { name: 'Actions for Clothing' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(page.getByText(/Clothing has \d subcategories/)).toBeVisible();
});

test('stock is counted in place, found, and its history read', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  await logIn(page, admin);
  await page.goto('/admin/inventory?search=canvas');
  await expect(page.getByText('1 entry shown')).toBeVisible();
  await page.getByLabel('On hand for CANVAS-TOTE').fill('41');
  await page.keyboard.press('Enter');
  await expect(page.getByText('CANVAS-TOTE: 41 on hand')).toBeVisible();
  await page.getByRole('button', { name: 'History of CANVAS-TOTE' }).click();
  await expect(page.getByRole('dialog').getByRole('row').nth(1)).toContainText('Quantity set');
});

test('who writes a stock that moved meanwhile is told, and decides', async ({ page, shop }) => {
  const admin = await shop.login('admin');
  const path = '/api/v1/inventory/CANVAS-TOTE';
  const onHand = async () =>
    (await shop.ask<{ on_hand: number }>('GET', path, undefined, admin.token)).on_hand;
  const move = (body: object) => shop.ask('PUT', path, body, admin.token);
  await move({ on_hand: 10 });
  await logIn(page, admin);
  await page.goto('/admin/inventory?search=canvas');
  const field = page.getByLabel('On hand for CANVAS-TOTE');
  await expect(field).toHaveValue('10');
  await field.fill('11');
  await move({ adjust: -8 });
  await page.keyboard.press('Enter');
  await expect(page.getByText('On hand has changed from 10 to 2')).toBeVisible();
  expect(await onHand()).toBe(2);
  await page.getByRole('button', { name: 'Adjust by +1 to 3' }).click();
  await expect(page.getByText('CANVAS-TOTE: 3 on hand')).toBeVisible();
  expect(await onHand()).toBe(3);

  // It was counted after all.
  await expect(field).toHaveValue('3');
  // Key by key: the field does not notice a whole value put into it after it was set from outside.
  await field.selectText();
  await page.keyboard.type('20');
  await move({ adjust: 2 });
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Set to 20' }).click();
  await expect(page.getByText('CANVAS-TOTE: 20 on hand')).toBeVisible();
  expect(await onHand()).toBe(20);

  // Several at once, with a reason for those who read the history.
  await page.getByRole('checkbox', { name: 'Select CANVAS-TOTE' }).check();
  await page.getByRole('textbox', { name: 'Adjust by' }).fill('-3');
  await page.getByRole('textbox', { name: 'Reason (optional)' }).fill('Moth holes');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('Stock of 1 SKU updated')).toBeVisible();
  expect(await onHand()).toBe(17);
  await page.getByRole('button', { name: 'History of CANVAS-TOTE' }).click();
  const last = page.getByRole('dialog').getByRole('row').nth(1);
  await expect(last).toContainText('Quantity adjusted');
  await expect(last).toContainText('Moth holes');
});
