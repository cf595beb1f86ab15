/** Says that no message leaves the shop, where that is so. */

import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { carrierQuery } from '../messages';
import { useTexts } from '../texts';

export function NoDelivery() {
  const { messages } = useTexts();
  const { data } = useQuery(carrierQuery);
  if (!data || data.delivers) return null;
  return (
    <Alert variant="light" color="orange" title={messages.noDelivery} role="status">
      {messages.noDeliveryText(data.setting, data.carrier)}
    </Alert>
  );
}
