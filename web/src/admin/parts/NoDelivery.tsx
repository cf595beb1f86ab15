/** Says that no e-mail leaves the shop, or that who delivers messages cannot at the moment. */

import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFormats } from '../../format';
import { delivers, messageProvidersQuery, providerNames } from '../messages';
import { useTexts } from '../texts';

export function NoDelivery() {
  const { messages, states } = useTexts();
  const format = useFormats();
  const { data: channels } = useQuery(messageProvidersQuery);
  const silent = channels?.filter((it) => !it.delivers) ?? [];
  const providers = channels?.flatMap((it) => it.providers) ?? [];
  return (
    <>
      {/* Many shops send nothing but e-mails, and mean to. */}
      {delivers(channels, 'email') === false && (
        <Alert variant="light" color="orange" title={messages.noDelivery} role="status">
          {silent.map((it) => (
            <Text key={it.channel} size="sm">
              {messages.noDeliveryText(states.channel[it.channel], it.setting)}
            </Text>
          ))}
        </Alert>
      )}
      {providers
        .filter((it) => !it.available)
        .map((it) => (
          <Alert
            key={it.provider}
            variant="light"
            color="red"
            title={messages.unavailable(providerNames[it.provider])}
            role="status"
          >
            {it.last_error && (
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {messages.lastError(it.last_error)}
              </Text>
            )}
            {it.retry_at && (
              <Text size="sm">{messages.unavailableUntil(format.time(it.retry_at))}</Text>
            )}
          </Alert>
        ))}
    </>
  );
}
