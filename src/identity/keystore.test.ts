import { createPrivateKey } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, fromUtf8, systemRandom, toHex } from '#kernel';
import { agentIdOf } from './agent-id.ts';
import { type AgentSecrets, createSecrets, renewDevice, rotateRoot } from './agent-secrets.ts';
import { verifyDeviceCertificate } from './device-certificate.ts';
import { decodeKeystore, encodeKeystore } from './keystore.ts';
import { decodePem, encodePem } from './pem.ts';
import { followRotations, verifyRotation } from './rotation.ts';

const now = 1_700_000_000_000;
const random = systemRandom;
const limits = defaultLimits;
const fresh = (): AgentSecrets => createSecrets({ random, now, limits });

async function codeOfReading(text: string, passphrase?: string): Promise<string> {
  try {
    await decodeKeystore(text, { passphrase });
    return 'nothing was thrown';
  } catch (error) {
    return codeOf(error);
  }
}

describe('the secrets of an agent', () => {
  it('begin with a device certificate that holds for a year, and for a peer whose clock is 300 s behind', () => {
    const { certificate, device, root } = fresh();
    expect(certificate.agentId).toBe(agentIdOf(root.publicKey));
    expect(certificate.devicePublicKey).toEqual(device.publicKey);
    expect(verifyDeviceCertificate(certificate, { now: now - 300_000 }).notAfter).toBe(now + 365 * 86_400_000);
  });

  it('keep the id when the device key is renewed', () => {
    const before = fresh();
    const after = renewDevice({ secrets: before, random, now: now + 1, limits });
    expect(after.root).toBe(before.root);
    expect(after.storageKey).toBe(before.storageKey);
    expect(after.device.publicKey).not.toEqual(before.device.publicKey);
    expect(after.certificate.devicePublicKey).toEqual(after.device.publicKey);
  });

  it('lead from the first id to the last over two root rotations', () => {
    const first = fresh();
    const second = rotateRoot({ secrets: first, random, now: now + 1, limits });
    const third = rotateRoot({ secrets: second, random, now: now + 2, limits });
    const chain = third.rotations.map(verifyRotation);
    expect(followRotations(agentIdOf(first.root.publicKey), chain)).toBe(agentIdOf(third.root.publicKey));
    expect(third.certificate.agentId).toBe(agentIdOf(third.root.publicKey));
    expect(third.storageKey).toEqual(first.storageKey);
  });
});

describe('a key file without a passphrase', () => {
  it('gives back what was written, rotations included', async () => {
    const secrets = rotateRoot({ secrets: fresh(), random, now, limits });
    expect(await decodeKeystore(await encodeKeystore(secrets, { random }))).toEqual(secrets);
  });

  it('begins with a root key that openssl reads', async () => {
    const secrets = fresh();
    const der = createPrivateKey(await encodeKeystore(secrets, { random })).export({ format: 'der', type: 'pkcs8' });
    expect(der.subarray(-32)).toEqual(Buffer.from(secrets.root.seed));
  });

  it('is read with line ends of Windows and with blank lines', async () => {
    const secrets = fresh();
    const text = await encodeKeystore(secrets, { random });
    expect(await decodeKeystore(text.replaceAll('\n', '\r\n'))).toEqual(secrets);
    expect(await decodeKeystore(`\n${text.replaceAll('-----\n-----', '-----\n\n\n-----')}\n\n`)).toEqual(secrets);
  });

  it('is unreadable wherever it is cut off', async () => {
    const text = await encodeKeystore(rotateRoot({ secrets: fresh(), random, now, limits }), { random });
    const beforeRotation = text.indexOf('-----BEGIN AGENT MESH ROTATION');
    for (let end = 0; end < text.length - 1; end += 7) {
      // A file that lacks just its rotation is whole, but the chain to the id is gone.
      if (end === beforeRotation) continue;
      expect(await codeOfReading(text.slice(0, end))).toBe('KEY_FILE_UNREADABLE');
    }
  });

  it('is unreadable when blocks are missing, repeated, exchanged or of another agent', async () => {
    const [mine, other] = [fresh(), fresh()];
    const blocks = decodePem(await encodeKeystore(mine, { random }));
    const foreign = decodePem(await encodeKeystore(other, { random }));
    const mixes = [
      ...blocks.map((_block, index) => blocks.filter((_other, place) => place !== index)),
      ...[0, 1, 2].map((index) => blocks.map((block, place) => (place === index ? (foreign[index] ?? block) : block))),
      [...blocks, ...blocks],
      [...blocks].reverse(),
      [...blocks, { label: 'NOTE', bytes: Uint8Array.of(1) }],
    ];
    for (const mix of mixes) expect(await codeOfReading(encodePem(mix))).toBe('KEY_FILE_UNREADABLE');
    expect(await codeOfReading(encodePem(blocks))).toBe('nothing was thrown');
  });

  it('never shows a part of itself in the error', async () => {
    const text = await encodeKeystore(fresh(), { random });
    const broken = text.replace('-----END PRIVATE', '!-----END PRIVATE');
    const error: unknown = await decodeKeystore(broken).catch((reason: unknown) => reason);
    expect(JSON.stringify([String(error), error])).not.toContain(text.split('\n')[1]);
    expect(codeOf(error)).toBe('KEY_FILE_UNREADABLE');
  });
});

describe('a key file with a passphrase', () => {
  const secrets = fresh();
  let text = '';
  beforeAll(async () => {
    text = await encodeKeystore(secrets, { random, passphrase: 'correct horse é' });
  });

  it('opens with the passphrase, however its accents are composed', async () => {
    expect(await decodeKeystore(text, { passphrase: 'correct horse é'.normalize('NFD') })).toEqual(secrets);
  });

  it('holds nothing in the clear', () => {
    const [block] = decodePem(text);
    for (const secret of [secrets.root.seed, secrets.device.seed, secrets.storageKey, secrets.root.publicKey]) {
      expect(toHex(block?.bytes ?? new Uint8Array())).not.toContain(toHex(secret));
    }
    expect(text).not.toContain('PRIVATE KEY');
  });

  it('asks for the passphrase when there is none and says when it is wrong', async () => {
    expect(await codeOfReading(text)).toBe('PASSPHRASE_REQUIRED');
    expect(await codeOfReading(text, 'incorrect')).toBe('PASSPHRASE_WRONG');
    expect(await codeOfReading(text, '')).toBe('PASSPHRASE_WRONG');
  });

  it('does not open after a bit changed, and is unreadable when its form is not known', async () => {
    const bytes = decodePem(text)[0]?.bytes ?? new Uint8Array();
    const changed = (index: number) =>
      encodePem([
        { label: 'AGENT MESH ENCRYPTED KEYS', bytes: bytes.map((byte, place) => (place === index ? byte ^ 1 : byte)) },
      ]);
    expect(await codeOfReading(changed(0), 'correct horse é')).toBe('KEY_FILE_UNREADABLE');
    expect(await codeOfReading(changed(20), 'correct horse é')).toBe('PASSPHRASE_WRONG');
    expect(await codeOfReading(changed(bytes.length - 1), 'correct horse é')).toBe('PASSPHRASE_WRONG');
    expect(
      await codeOfReading(encodePem([{ label: 'AGENT MESH ENCRYPTED KEYS', bytes: bytes.subarray(0, 40) }]), 'x'),
    ).toBe('KEY_FILE_UNREADABLE');
  });

  it('is not written with an empty passphrase', async () => {
    const error: unknown = await encodeKeystore(secrets, { random, passphrase: '' }).catch((reason: unknown) => reason);
    expect(codeOf(error)).toBe('INVALID_ARGUMENT');
  });
});

describe('PEM', () => {
  it('gives back every list of blocks', () => {
    const block = fc.record({
      label: fc.constantFrom('A', 'PRIVATE KEY', 'X 9'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    });
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), (blocks) => {
        expect(decodePem(encodePem(blocks))).toEqual(blocks);
      }),
      { numRuns: 50 },
    );
  });

  it('is unreadable when a label of the end is another or text stands between the blocks', () => {
    const good = encodePem([{ label: 'A', bytes: Uint8Array.of(1, 2, 3) }]);
    const broken = [
      '',
      'hello',
      good.replace('END A', 'END B'),
      `note\n${good}`,
      `${good}note`,
      good.replace('AQID', 'AQI'),
    ];
    for (const text of broken)
      expect(() => decodePem(text)).toThrow(expect.objectContaining({ code: 'KEY_FILE_UNREADABLE' }));
    expect(fromUtf8(decodePem(good)[0]?.bytes ?? new Uint8Array())).toBe('\u0001\u0002\u0003');
  });
});
