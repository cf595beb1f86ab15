import { Text } from '@mantine/core';

import type { Schemas } from '../../../api/client';
import { useLanguage } from '../../../texts';

/** An address as on a parcel. */
export function Address({ address }: { address: Schemas['Address'] }) {
  const { language } = useLanguage();
  const country = new Intl.DisplayNames(language, { type: 'region', fallback: 'code' });
  const lines = [
    address.name,
    address.company,
    address.line1,
    address.line2,
    [address.postal_code, address.city].filter(Boolean).join(' '),
    address.region,
    country.of(address.country),
    address.phone,
  ];
  return (
    <Text
      component="address"
      size="sm"
      fs="normal"
      style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}
    >
      {lines.filter(Boolean).join('\n')}
    </Text>
  );
}
