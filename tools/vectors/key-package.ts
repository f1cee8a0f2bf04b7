import type { KeyPackage } from 'ts-mls';
import { encodeDeviceCertificate, issueDeviceCertificate } from '#identity';
import { defaultLimits, toHex } from '#kernel';
import { createOwnKeyPackage, makeKeyPackage } from '../../src/session/key-package.ts';
import { generateKeyPackageWithKey } from '../../src/session/mls.ts';
import type { OwnKeyPackage, SessionSelf } from '../../src/session/secure-session.ts';
import { encodeKeyPackage } from '../../src/session/wire.ts';
import { bob, contextOf, day, mallory, now, selfOf } from '../../test/support/session-fixtures.ts';
import type { VectorFile } from './seeds.ts';

const context = contextOf('key package vectors');
const seconds = now / 1000;
const longest = (defaultLimits.keyPackageLifetimeMs + defaultLimits.maxSkewPastMs) / 1000;

interface Changes {
  readonly self?: SessionSelf;
  /** Seconds since 1970. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly signKey?: Uint8Array;
  readonly certificate?: SessionSelf['certificate'];
}

/** A key package of Bob's with something else in it, signed again. */
async function packageWith(changes: Changes): Promise<Uint8Array> {
  const { self = bob, notBefore = seconds - 1, notAfter = seconds + 100, signKey = self.device.seed } = changes;
  const { leafNode } = (await makeKeyPackage(context, self, now)).publicPackage;
  const lifetime: KeyPackage['leafNode']['lifetime'] = { notBefore: BigInt(notBefore), notAfter: BigInt(notAfter) };
  const identity = encodeDeviceCertificate(changes.certificate ?? self.certificate);
  const { publicPackage } = await generateKeyPackageWithKey(
    { credentialType: 'basic', identity },
    leafNode.capabilities,
    lifetime,
    [],
    { signKey, publicKey: self.device.publicKey },
    context.suite,
  );
  return encodeKeyPackage(publicPackage);
}

function accepted(name: string, own: OwnKeyPackage, time: number): VectorFile['valid'][number] {
  const { publicBytes, ref, expiresAt } = own;
  return { name, peer: bob.agentId, now: time, keyPackage: toHex(publicBytes), ref, expiresAt };
}

async function refused(own: OwnKeyPackage): Promise<VectorFile['invalid']> {
  const { publicBytes } = own;
  const put = (index: number, value: number) => publicBytes.map((byte, i) => (i === index ? value : byte));
  const over = selfOf({ root: 0xb0, device: 0xbd, notBefore: now - 2 * day, notAfter: now - day }).certificate;
  // The root key of the certificate is Mallory's, its agent id Bob's.
  const times = { notBefore: now - 1, notAfter: now + day };
  const foreign = issueDeviceCertificate({ root: mallory.device, devicePublicKey: bob.device.publicKey, ...times });
  const forged = { ...foreign, agentId: bob.agentId };
  const invalid: Readonly<Record<string, Uint8Array>> = {
    'not begun': await packageWith({ notBefore: seconds + 1 }),
    'valid for too long': await packageWith({ notBefore: seconds, notAfter: seconds + longest + 1 }),
    'with no lifetime': await packageWith({ notBefore: seconds, notAfter: seconds }),
    'of another agent': await packageWith({ self: mallory }),
    'signed by another key': await packageWith({ signKey: mallory.device.seed }),
    'with a certificate that another root key signed': await packageWith({ certificate: forged }),
    'for another suite': put(7, 83),
    'for another version of MLS': put(5, 2),
    'cut off': publicBytes.subarray(0, -1),
    'with a byte too many': Uint8Array.of(...publicBytes, 0),
    empty: new Uint8Array(0),
  };
  const stale = { peer: bob.agentId, error: 'KEY_PACKAGE_STALE' };
  const lapsed = toHex(await packageWith({ certificate: over }));
  return [
    { name: 'at its end', ...stale, now: own.expiresAt, keyPackage: toHex(publicBytes) },
    { name: 'with a device certificate that is over', ...stale, now, keyPackage: lapsed },
    ...Object.entries(invalid).map(([name, keyPackage]) => {
      return { name, peer: bob.agentId, now, keyPackage: toHex(keyPackage), error: 'KEY_PACKAGE_INVALID' };
    }),
  ];
}

const own = await createOwnKeyPackage(context, bob, now);

export const keyPackageVectors: VectorFile = {
  spec: 'spec/05-sessions.md 5.1, 5.2, 5.3',
  description: 'Key packages, judged for the agent `peer` at the time `now`.',
  valid: [accepted('fresh', own, now), accepted('in its last millisecond', own, own.expiresAt - 1)],
  invalid: await refused(own),
};
