import {
  type DeviceCertificate,
  agentIdOf,
  encodeDeviceCertificate,
  encodeIncarnation,
  encodeRotation,
  issueDeviceCertificate,
  signIncarnation,
  signRotation,
} from '#identity';
import { encodeCbor, toHex } from '#kernel';
import {
  alice,
  aliceDevice,
  aliceNext,
  bob,
  day,
  now,
  seedHex,
  signAs,
  signedHex,
  smallOrderKey,
  type VectorFile,
} from './seeds.ts';

const notBefore = now - 300_000;
const notAfter = now + 365 * day;
const issued = issueDeviceCertificate({ root: alice, devicePublicKey: aliceDevice.publicKey, notBefore, notAfter });
const certifiedPart = encodeCbor({
  agentId: issued.agentId,
  devicePublicKey: issued.devicePublicKey,
  notBefore,
  notAfter,
});

const certificateCase = (name: string, change: Partial<Record<keyof DeviceCertificate, unknown>>, at = now) => ({
  name,
  encoded: toHex(encodeCbor({ ...issued, ...change })),
  now: at,
});

/** A certificate that is wrong in its fields although the root key signed exactly those. */
function signedCertificate(name: string, change: Partial<DeviceCertificate>) {
  const fields = { agentId: issued.agentId, devicePublicKey: issued.devicePublicKey, notBefore, notAfter, ...change };
  return certificateCase(name, { ...fields, signature: signAs(alice, 'device-certificate', encodeCbor(fields)) });
}

const { notAfter: _end, ...withoutEnd } = issued;
const lastBitFlipped = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
const wholeCertificate = toHex(encodeDeviceCertificate(issued));

export const certificateVectors: VectorFile = {
  spec: 'spec/01-identity.md 1.5, 1.8',
  description: 'Device certificates in CBOR, judged at the time `now`.',
  valid: [
    {
      ...certificateCase('in the middle of its time', {}),
      rootSeed: seedHex(alice),
      deviceSeed: seedHex(aliceDevice),
      certificate: { ...issued, devicePublicKey: toHex(issued.devicePublicKey), signature: toHex(issued.signature) },
      signedBytes: signedHex('device-certificate', certifiedPart),
    },
    certificateCase('in its first millisecond', {}, notBefore),
    certificateCase('in its last millisecond', {}, notAfter - 1),
  ],
  invalid: [
    ...[
      certificateCase('one millisecond before it begins', {}, notBefore - 1),
      certificateCase('at the end of its time', {}, notAfter),
      certificateCase('another agent claims it', { agentId: agentIdOf(bob.publicKey) }),
      certificateCase('another device key', { devicePublicKey: bob.publicKey }),
      certificateCase('lifetime stretched', { notAfter: notAfter + 1 }),
      certificateCase('one bit of the signature changed', { signature: lastBitFlipped(issued.signature) }),
      certificateCase('signed by another root', { signature: signAs(bob, 'device-certificate', certifiedPart) }),
      certificateCase('signed for another purpose', { signature: signAs(alice, 'rotation', certifiedPart) }),
      signedCertificate('ends before it begins', { notAfter: notBefore }),
      signedCertificate('device key of small order', { devicePublicKey: smallOrderKey }),
    ].map((entry) => ({ ...entry, error: 'CERTIFICATE_INVALID' })),
    ...[
      { name: 'empty', encoded: '', now },
      { name: 'cut off', encoded: wholeCertificate.slice(0, -2), now },
      { name: 'one byte too many', encoded: `${wholeCertificate}00`, now },
      certificateCase('device key of 31 bytes', { devicePublicKey: aliceDevice.publicKey.subarray(1) }),
      certificateCase('signature of 63 bytes', { signature: issued.signature.subarray(1) }),
      certificateCase('time is text', { notBefore: String(notBefore) }),
      certificateCase('time is negative', { notBefore: -1 }),
      certificateCase('time is not whole', { notBefore: 0.5 }),
      certificateCase('agent id with a path', { agentId: `${issued.agentId}/x` }),
      { name: 'a key that is not known', encoded: toHex(encodeCbor({ ...issued, admin: true })), now },
      { name: 'a key is missing', encoded: toHex(encodeCbor(withoutEnd)), now },
      { name: 'a list instead of a map', encoded: toHex(encodeCbor([issued.agentId])), now },
    ].map((entry) => ({ ...entry, error: 'MALFORMED' })),
  ],
};

const rotation = signRotation({ from: alice, to: aliceNext, at: now });
const { from, to, at } = rotation;
const rotatedPart = encodeCbor({ from, to, at });

const rotationCase = (name: string, change: Record<string, unknown>) => ({
  name,
  encoded: toHex(encodeCbor({ ...rotation, ...change })),
});

const sameKeyPart = encodeCbor({ from, to: from, at });
const sameKeySignature = signAs(alice, 'rotation', sameKeyPart);

export const rotationVectors: VectorFile = {
  spec: 'spec/01-identity.md 1.7, 1.8',
  description: 'Rotation statements in CBOR.',
  valid: [
    {
      ...rotationCase('signed by the old and the new key', {}),
      fromSeed: seedHex(alice),
      toSeed: seedHex(aliceNext),
      rotation: {
        from,
        to,
        at,
        fromSignature: toHex(rotation.fromSignature),
        toSignature: toHex(rotation.toSignature),
      },
      signedBytes: signedHex('rotation', rotatedPart),
    },
  ],
  invalid: [
    ...[
      rotationCase('the new key did not sign', { toSignature: new Uint8Array(64) }),
      rotationCase('the old key did not sign', { fromSignature: new Uint8Array(64) }),
      rotationCase('signed twice by the old key', { toSignature: rotation.fromSignature }),
      rotationCase('signatures exchanged', {
        fromSignature: rotation.toSignature,
        toSignature: rotation.fromSignature,
      }),
      rotationCase('leads elsewhere', { to: agentIdOf(bob.publicKey) }),
      rotationCase('another time', { at: at + 1 }),
      rotationCase('signed for another purpose', { fromSignature: signAs(alice, 'card', rotatedPart) }),
      rotationCase('leads to the same key', {
        to: from,
        fromSignature: sameKeySignature,
        toSignature: sameKeySignature,
      }),
    ].map((entry) => ({ ...entry, error: 'ROTATION_INVALID' })),
    ...[
      { name: 'cut off', encoded: toHex(encodeRotation(rotation)).slice(0, -2) },
      rotationCase('a key that is not known', { reason: 'new machine' }),
      rotationCase('time is text', { at: String(at) }),
      rotationCase('signature of 65 bytes', { toSignature: new Uint8Array(65) }),
      rotationCase('from is not an agent id', { from: 'alice' }),
    ].map((entry) => ({ ...entry, error: 'MALFORMED' })),
  ],
};

const life = { number: now, id: new Uint8Array(16).fill(0x1d), asOf: now - day };
const incarnation = signIncarnation(alice, life);
const lifePart = encodeCbor({ agentId: incarnation.agentId, ...life });

const incarnationCase = (name: string, change: Record<string, unknown>) => ({
  name,
  encoded: toHex(encodeCbor({ ...incarnation, ...change })),
});

export const incarnationVectors: VectorFile = {
  spec: 'spec/01-identity.md 1.11, 1.8',
  description: 'Incarnations in CBOR. `laterThan` is an incarnation of the same agent that it takes the place of.',
  valid: [
    {
      ...incarnationCase('brought back from a backup of the day before', {}),
      rootSeed: seedHex(alice),
      incarnation: { ...incarnation, id: toHex(incarnation.id), signature: toHex(incarnation.signature) },
      signedBytes: signedHex('incarnation', lifePart),
    },
    {
      name: 'a higher number is later, whatever the id',
      encoded: toHex(encodeIncarnation(signIncarnation(alice, { ...life, number: now + 1, id: new Uint8Array(16) }))),
      laterThan: toHex(encodeIncarnation(incarnation)),
    },
    {
      name: 'of one number the higher id is later',
      encoded: toHex(encodeIncarnation(signIncarnation(alice, { ...life, id: new Uint8Array(16).fill(0x1e) }))),
      laterThan: toHex(encodeIncarnation(incarnation)),
    },
  ],
  invalid: [
    ...[
      incarnationCase('another agent claims it', { agentId: agentIdOf(bob.publicKey) }),
      incarnationCase('a higher number', { number: now + 1 }),
      incarnationCase('another id', { id: new Uint8Array(16) }),
      incarnationCase('another time', { asOf: now }),
      incarnationCase('signed by another root', { signature: signAs(bob, 'incarnation', lifePart) }),
      incarnationCase('signed for another purpose', { signature: signAs(alice, 'rotation', lifePart) }),
    ].map((entry) => ({ ...entry, error: 'SIGNATURE_INVALID' })),
    ...[
      { name: 'cut off', encoded: toHex(encodeIncarnation(incarnation)).slice(0, -2) },
      incarnationCase('number 0', { number: 0 }),
      incarnationCase('a number that is not whole', { number: 1.5 }),
      incarnationCase('an id of 15 bytes', { id: new Uint8Array(15) }),
      incarnationCase('a time before 1970', { asOf: -1 }),
      incarnationCase('a key that is not known', { host: 'laptop' }),
      incarnationCase('signature of 63 bytes', { signature: incarnation.signature.subarray(1) }),
    ].map((entry) => ({ ...entry, error: 'MALFORMED' })),
  ],
};
