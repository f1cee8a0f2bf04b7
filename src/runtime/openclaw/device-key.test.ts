import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '#kernel';
import { codeThrownBy } from '../../../test/support/code-thrown-by.ts';
import { textOf } from './gateway-frames.ts';
import { deviceKeyFrom, newDeviceKey } from './device-key.ts';

const claims = {
  clientId: 'gateway-client',
  mode: 'backend',
  role: 'operator',
  scopes: ['operator.read', 'operator.write'],
  token: 'secret',
  platform: 'linux',
  nonce: 'n1',
  signedAt: 1_767_225_600_000,
};

describe('the key by which a gateway knows this node', () => {
  it('signs what the gateway asked with who asks for what', () => {
    const pem = newDeviceKey(systemRandom);
    const { id, prove } = deviceKeyFrom(pem);
    const proof = prove(claims);
    expect(proof).toMatchObject({ id, nonce: 'n1', signedAt: claims.signedAt });
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const signed = `v3|${id}|gateway-client|backend|operator|operator.read,operator.write|1767225600000|secret|n1|linux|`;
    const signature = Buffer.from(textOf(proof['signature']) ?? '', 'base64url');
    expect(verify(null, Buffer.from(signed), createPublicKey(pem), signature)).toBe(true);
    expect(verify(null, Buffer.from(`${signed}x`), createPublicKey(pem), signature)).toBe(false);
    expect(deviceKeyFrom(pem).id).toBe(id);
  });

  it('of another kind or damaged is refused without its text', () => {
    expect(codeThrownBy(() => deviceKeyFrom('-----BEGIN PRIVATE KEY-----\nabc'))).toBe('KEY_FILE_UNREADABLE');
  });
});
