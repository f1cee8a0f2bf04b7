import type { AuthenticationService, Credential, CredentialBasic } from 'ts-mls';
import { equalBytes, MeshError } from '#kernel';
import {
  type AgentId,
  type DeviceCertificate,
  decodeDeviceCertificate,
  encodeDeviceCertificate,
  verifyDeviceCertificate,
} from '#identity';

/** Who may be in a session, judged at a time (ms since 1970). */
export interface Expected {
  readonly agents: readonly AgentId[];
  readonly now: number;
}

/** A basic credential whose identity is the device certificate (spec 5.2). */
export function credentialOf(certificate: DeviceCertificate): CredentialBasic {
  return { credentialType: 'basic', identity: encodeDeviceCertificate(certificate) };
}

/** The certificate in a credential; nothing about it is checked. Throws CERTIFICATE_INVALID when there is none. */
export function certificateIn(credential: Credential): DeviceCertificate {
  if (credential.credentialType !== 'basic') throw invalid('A credential is not a device certificate');
  try {
    return decodeDeviceCertificate(credential.identity);
  } catch (cause) {
    throw new MeshError('CERTIFICATE_INVALID', 'A credential holds no device certificate', { cause });
  }
}

/** Pin, leaf key, root signature and validity. Throws CERTIFICATE_INVALID. */
export function checkCredential(
  input: { readonly credential: Credential; readonly signaturePublicKey: Uint8Array },
  { agents, now }: Expected,
): DeviceCertificate {
  const certificate = certificateIn(input.credential);
  if (!agents.includes(certificate.agentId))
    throw invalid(`The credential is that of another agent, ${certificate.agentId}`);
  if (!equalBytes(certificate.devicePublicKey, input.signaturePublicKey)) {
    throw invalid('The credential certifies another key than the one that signs');
  }
  return verifyDeviceCertificate(certificate, { now });
}

/** What the library asks about every leaf. It throws instead of answering false, so that the reason is not lost. */
export function authenticationFor(expected: Expected): AuthenticationService {
  return {
    validateCredential: async (credential, signaturePublicKey) => {
      checkCredential({ credential, signaturePublicKey }, expected);
      return true;
    },
  };
}

/** For steps in which no credential may occur: trusts nobody. */
export const trustNobody: AuthenticationService = { validateCredential: async () => false };

const invalid = (message: string): MeshError => new MeshError('CERTIFICATE_INVALID', message);
