/** Payment methods that the account has saved, in words. */

import type { KeptMethod } from '../account/queries';

/** What the providers' names for brands and kinds are called; they are names in every language. */
const BRANDS: Record<string, string> = {
  amex: 'American Express',
  cartes_bancaires: 'Cartes Bancaires',
  diners: 'Diners Club',
  discover: 'Discover',
  jcb: 'JCB',
  link: 'Link',
  mastercard: 'Mastercard',
  sepa_debit: 'SEPA',
  unionpay: 'UnionPay',
  visa: 'Visa',
};

/** Such as `Visa •••• 4242`. */
export function nameOf({ brand, last4 }: KeptMethod): string {
  const name = BRANDS[brand] ?? brand.replaceAll('_', ' ');
  return last4 ? `${name} •••• ${last4}` : name;
}

/** Such as `12/2040`; null where it does not expire. */
export function expiryOf({ exp_month: month, exp_year: year }: KeptMethod): string | null {
  return month && year ? `${String(month).padStart(2, '0')}/${year}` : null;
}
