import { equalBytes } from '#kernel';
import { acceptCore, type VerifiedContactAccept } from './contact-accept.ts';
import { requestCore, type VerifiedContactRequest } from './contact-request.ts';
import { inviteMac } from './invite-mac.ts';

/** Whether the statement shows that its signer knows the secret, in constant time. False when it shows no invite. */
export function checkInviteMac(statement: VerifiedContactRequest | VerifiedContactAccept, secret: Uint8Array): boolean {
  if ('nonce' in statement) {
    const mac = statement.invite?.mac;
    return mac !== undefined && equalBytes(mac, inviteMac('request', secret, requestCore(statement)));
  }
  const mac = statement.inviteMac;
  return mac !== undefined && equalBytes(mac, inviteMac('accept', secret, acceptCore(statement)));
}
