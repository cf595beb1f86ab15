/** In which tone the states of things are shown; their words are in the texts. */

import type { Schemas } from '../../api/client';
import type { Tone } from './StatusBadge';

export const orderTone: Record<Schemas['OrderStatus'], Tone> = {
  pending: 'warn',
  confirmed: 'busy',
  shipped: 'busy',
  delivered: 'good',
  cancelled: 'quiet',
};

export const orderPaymentTone: Record<Schemas['OrderPaymentStatus'], Tone> = {
  pending: 'warn',
  requires_action: 'warn',
  processing: 'busy',
  authorized: 'busy',
  paid: 'good',
  failed: 'bad',
  voided: 'quiet',
  partially_refunded: 'quiet',
  refunded: 'quiet',
};

export const paymentTone: Record<Schemas['PaymentStatus'], Tone> = {
  pending: 'warn',
  requires_action: 'warn',
  processing: 'busy',
  authorized: 'busy',
  declined: 'bad',
  capturing: 'busy',
  captured: 'good',
  voiding: 'busy',
  voided: 'quiet',
  partially_refunded: 'quiet',
  refunded: 'quiet',
};

export const refundTone: Record<Schemas['RefundStatus'], Tone> = {
  pending: 'warn',
  succeeded: 'good',
  failed: 'bad',
};

export const operationTone: Record<Schemas['PaymentOperationState'], Tone> = {
  intended: 'warn',
  unknown: 'warn',
  done: 'good',
  refused: 'bad',
};

export const webhookTone: Record<Schemas['WebhookStatus'], Tone> = {
  pending: 'busy',
  done: 'good',
  ignored: 'quiet',
  dead: 'bad',
};

/** By the API's words; there may be more of them. */
export const disputeTone: Readonly<Record<string, Tone>> = {
  warning: 'warn',
  needs_response: 'bad',
  under_review: 'busy',
  won: 'good',
  lost: 'quiet',
};

export const messageTone: Record<Schemas['NotificationStatus'], Tone> = {
  queued: 'busy',
  sending: 'busy',
  sent: 'good',
  delivered: 'good',
  bounced: 'bad',
  complained: 'bad',
  failed: 'bad',
  skipped: 'quiet',
  logged: 'warn',
};

export const holdTone: Record<Schemas['HoldState'], Tone> = {
  paying: 'busy',
  awaiting_action: 'warn',
  own: 'quiet',
};

export const reviewTone: Record<Schemas['ReviewStatus'], Tone> = {
  pending: 'warn',
  approved: 'good',
  rejected: 'quiet',
};

export const healthTone: Record<Schemas['HealthStatus'], Tone> = {
  healthy: 'good',
  degraded: 'warn',
  unhealthy: 'bad',
};
