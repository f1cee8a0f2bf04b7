import { copyBytes, decodeCbor, encodeCbor, MeshError } from '#kernel';
import { type AgentId, agentIdOf, isAgentId, publicKeyOf } from './agent-id.ts';
import { isBytes, isTime, recordWith } from './checks.ts';
import { isStrongPublicKey, type KeyPair } from './key-pair.ts';
import { sign, verify } from './signing.ts';

/** The root key says: this key signs inside sessions for me, from `notBefore` to `notAfter` (ms since 1970; spec 1.5). */
export interface DeviceCertificate {
  readonly agentId: AgentId;
  readonly devicePublicKey: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly signature: Uint8Array;
}

declare class Brand {
  readonly #verified: true;
}

/** Made only by `verifyDeviceCertificate`; a spread of it is not one. */
export type VerifiedDeviceCertificate = DeviceCertificate & Brand;

export interface DeviceCertificateFields {
  readonly root: KeyPair;
  readonly devicePublicKey: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Throws CERTIFICATE_INVALID when the times or the key have no valid form. */
export function issueDeviceCertificate(input: DeviceCertificateFields): DeviceCertificate {
  const { root, notBefore, notAfter } = input;
  const fields = {
    agentId: agentIdOf(root.publicKey),
    devicePublicKey: copyBytes(input.devicePublicKey),
    notBefore,
    notAfter,
  };
  checkForm(fields);
  const signature = sign({ context: 'device-certificate', key: root, data: signedPart(fields) });
  return { ...fields, signature };
}

/** Form, root signature and validity at `now`. Throws CERTIFICATE_INVALID. */
export function verifyDeviceCertificate(
  certificate: DeviceCertificate,
  { now }: { readonly now: number },
): VerifiedDeviceCertificate {
  const checked = checkSignature(certificate);
  if (now < checked.notBefore) throw invalid(`The certificate is not valid before ${isoTime(checked.notBefore)}`);
  if (now >= checked.notAfter) throw invalid(`The certificate is not valid since ${isoTime(checked.notAfter)}`);
  return Object.freeze(checked) as VerifiedDeviceCertificate;
}

/** Form and root signature at any time: for certificates in a card, which may be over or not yet begun. */
export function checkSignature(certificate: DeviceCertificate): DeviceCertificate {
  const { agentId, notBefore, notAfter } = certificate;
  const fields = { agentId, devicePublicKey: copyBytes(certificate.devicePublicKey), notBefore, notAfter };
  checkForm(fields);
  const signature = copyBytes(certificate.signature);
  const publicKey = publicKeyOf(agentId);
  if (!verify({ context: 'device-certificate', publicKey, data: signedPart(fields), signature })) {
    throw invalid('The certificate is not signed by the root key of its agent id');
  }
  return { ...fields, signature };
}

/** CBOR map of the five fields (spec 1.5). */
export function encodeDeviceCertificate(certificate: DeviceCertificate): Uint8Array {
  const { agentId, devicePublicKey, notBefore, notAfter, signature } = certificate;
  return encodeCbor({ agentId, devicePublicKey, notBefore, notAfter, signature });
}

/** Only the form is checked; `verifyDeviceCertificate` decides whether it holds. Throws MALFORMED. */
export function decodeDeviceCertificate(bytes: Uint8Array): DeviceCertificate {
  const keys = ['agentId', 'devicePublicKey', 'notBefore', 'notAfter', 'signature'] as const;
  const { agentId, devicePublicKey, notBefore, notAfter, signature } = recordWith(
    decodeCbor(bytes),
    keys,
    'The certificate',
  );
  const formed = isAgentId(agentId) && isBytes(devicePublicKey, 32) && isTime(notBefore) && isTime(notAfter);
  if (!formed || !isBytes(signature, 64))
    throw new MeshError('MALFORMED', 'A field of the certificate has the wrong form');
  return { agentId, devicePublicKey: copyBytes(devicePublicKey), notBefore, notAfter, signature: copyBytes(signature) };
}

type Fields = Omit<DeviceCertificate, 'signature'>;

const signedPart = ({ agentId, devicePublicKey, notBefore, notAfter }: Fields): Uint8Array =>
  encodeCbor({ agentId, devicePublicKey, notBefore, notAfter });

function checkForm(fields: Fields): void {
  if (!isAgentId(fields.agentId)) throw invalid('The certificate names no agent id');
  if (!isStrongPublicKey(fields.devicePublicKey)) throw invalid('The device key of the certificate is not usable');
  if (!isTime(fields.notBefore) || !isTime(fields.notAfter) || fields.notBefore >= fields.notAfter) {
    throw invalid('The certificate ends before it begins');
  }
}

const isoTime = (ms: number): string => (ms <= 8.64e15 ? new Date(ms).toISOString() : String(ms));

const invalid = (message: string): MeshError => new MeshError('CERTIFICATE_INVALID', message);
