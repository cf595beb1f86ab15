import { useQuery } from '@tanstack/react-query';

import { useLanguage } from '../../texts';
import { rulesQuery } from './countries';
import { type AddressField, envelope } from './fields';

/** An address as one writes it. */
export function Envelope({ address }: { address: Partial<Record<AddressField, string | null>> }) {
  const { locale } = useLanguage();
  const { data: rules } = useQuery(rulesQuery(address.country ?? ''));
  return (
    <address style={{ fontStyle: 'normal' }}>
      {envelope(address, locale, rules).map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line has nothing but its place
        <div key={row}>{line}</div>
      ))}
    </address>
  );
}
