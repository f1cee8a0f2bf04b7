import type { Receipt } from './receipt.ts';

/** The plaintext of one `app` frame (spec §3.8): what waited for the peer, padded to a bucket before sealing. */
export interface Batch {
  /** Encoded messages, each as `encodeMessage` made it, in sending order. */
  readonly messages: readonly Uint8Array[];
  readonly receipts: readonly Receipt[];
  /** Fresh key packages of the sender, so that the peer can start a new session while the sender is offline. */
  readonly keyPackages: readonly Uint8Array[];
}
