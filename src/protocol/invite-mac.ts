import { createHmac } from 'node:crypto';
import { copyBytes, toUtf8 } from '#kernel';

/** HMAC-SHA256 by which one side shows the other that it knows the secret of an invite (spec §4.5). */
export function inviteMac(purpose: 'request' | 'accept', secret: Uint8Array, core: Uint8Array): Uint8Array {
  // Each purpose has its own prefix: an acceptance cannot be made from the MAC of a request.
  const mac = createHmac('sha256', secret)
    .update(toUtf8(`agent-mesh/invite-${purpose}/1\0`))
    .update(core)
    .digest();
  return copyBytes(mac);
}
