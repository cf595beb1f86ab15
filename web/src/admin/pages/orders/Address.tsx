import { Text } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';

import { api, ok, type Schemas } from '../../../api/client';
import { useLanguage } from '../../../texts';

/** How addresses are written in a country; it changes with the release of the shop. */
const countryQuery = (code: string) =>
  queryOptions({
    queryKey: ['country', code],
    queryFn: () => ok(api.GET('/api/v1/countries/{code}', { params: { path: { code } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** An address as on a parcel. */
export function Address({ address }: { address: Schemas['Address'] }) {
  const { language } = useLanguage();
  const country = new Intl.DisplayNames(language, { type: 'region', fallback: 'code' });
  const { data: rules } = useQuery(countryQuery(address.country));
  // It is kept as its code.
  const state = rules?.region?.states.find((it) => it.code === address.region);
  const lines = [
    address.name,
    address.company,
    address.line1,
    address.line2,
    [address.postal_code, address.city].filter(Boolean).join(' '),
    state ? (state.latin_name ?? state.name) : address.region,
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
