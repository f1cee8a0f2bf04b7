import { createHmac } from 'node:crypto';
import { equalBytes, toUtf8 } from '#kernel';

export const webhookHeaders = {
  timestamp: 'agent-mesh-timestamp',
  signature: 'agent-mesh-signature',
  messageId: 'agent-mesh-message-id',
} as const;

/** `v1=` and the hex HMAC-SHA256 over `<timestamp>.<body>`; timestamp in ms since 1970 as decimal text. */
export function signWebhook(input: {
  readonly secret: string;
  readonly timestamp: string;
  readonly body: string | Uint8Array;
}): string {
  const { secret, timestamp, body } = input;
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
}

export interface WebhookProof {
  readonly secret: string;
  /** Header `agent-mesh-timestamp`, as it came. */
  readonly timestamp: string;
  /** The body, byte for byte as it came. */
  readonly body: string | Uint8Array;
  /** Header `agent-mesh-signature`, as it came. */
  readonly signature: string;
  /** Ms since 1970. */
  readonly now: number;
  /** How far the timestamp may be from `now`. */
  readonly toleranceMs: number;
}

/**
 * For receivers: true when the node that shares the secret made this request, and made it now. Constant time in the
 * signature.
 */
export function verifyWebhook(proof: WebhookProof): boolean {
  const { timestamp, now, toleranceMs } = proof;
  if (proof.secret === '' || !/^\d{1,16}$/.test(timestamp)) return false;
  if (Math.abs(now - Number(timestamp)) > toleranceMs) return false;
  return equalBytes(toUtf8(proof.signature), toUtf8(signWebhook(proof)));
}
