import { describe, expect, it } from 'vitest';
import { encodeCbor, toHex } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import {
  authTranscript,
  decodeLinkOperation,
  encodeLinkOperation,
  type LinkHello,
  negotiateVersion,
  supportedVersions,
} from './index.ts';

const [alice, bob, carol] = [party(1).agentId, party(2).agentId, party(3).agentId];
const frameId = 'frm_01900000-0000-7000-8000-000000000001';
const nonce = new Uint8Array(32).fill(1);
const hello: LinkHello = { op: 'hello', versions: [1], nonce, to: bob };

describe('a link operation', () => {
  it.each<[string, unknown]>([
    ['none', {}],
    ['one that is not known', { op: 'sing', agent: alice }],
    ['one named after what every object has', { op: 'constructor' }],
    ['a name that is no text', { op: 1 }],
    ['a list', ['ping', 1]],
    ['a key that is not known', { op: 'ping', n: 1, m: 2 }],
    ['a question without a number', { op: 'ping' }],
    ['a number below nothing', { op: 'ping', n: -1 }],
    ['a hello without versions', { ...hello, versions: [] }],
    ['a hello with 17 versions', { ...hello, versions: Array.from({ length: 17 }, () => 1) }],
    ['a hello with version 0', { ...hello, versions: [0] }],
    ['a hello with a short nonce', { ...hello, nonce: new Uint8Array(31) }],
    ['a proof of nobody', { op: 'auth', agentIds: [], signatures: [], rotations: [] }],
    [
      'an id without signature',
      { op: 'auth', agentIds: [alice, bob], signatures: [new Uint8Array(64)], rotations: [] },
    ],
    ['a signature of 63 bytes', { op: 'auth', agentIds: [alice], signatures: [new Uint8Array(63)], rotations: [] }],
    ['an empty frame', { op: 'frame', frame: new Uint8Array() }],
    ['a frame of more than 512 KB', { op: 'frame', frame: new Uint8Array(524_289) }],
    ['a refusal without code', { op: 'refused', frameId }],
    ['a refusal with a text for a code', { op: 'refused', frameId, code: 'go away' }],
    ['a card of more than 16 KB', { op: 'card', n: 1, agent: bob, card: new Uint8Array(16_385) }],
    ['a key package of more than 16 KB', { op: 'keypackage', n: 1, agent: bob, bytes: new Uint8Array(16_385) }],
    ['a hint that drives the terminal', { op: 'error', code: 'INTERNAL', hint: '\u001b[2J' }],
    ['credit as text', { op: 'credit', frames: '1', bytes: 1 }],
  ])('is refused when it is %s', (_what, operation) => {
    expect(codeThrownBy(() => decodeLinkOperation(encodeCbor(operation)))).toBe('MALFORMED');
  });

  it('reads an error code of a newer peer as INTERNAL', () => {
    const newer = encodeCbor({ op: 'refused', frameId, code: 'NOT_INVENTED_YET' });
    expect(decodeLinkOperation(newer)).toEqual({ op: 'refused', frameId, code: 'INTERNAL' });
  });

  it('carries the largest frame', () => {
    const frame = new Uint8Array(524_288);
    expect(decodeLinkOperation(encodeLinkOperation({ op: 'frame', frame }))).toEqual({ op: 'frame', frame });
  });
});

describe('the transcript that both sides of a link sign', () => {
  const other: LinkHello = { op: 'hello', versions: [1], nonce: new Uint8Array(32).fill(2) };
  const signed = (changed: object): string =>
    toHex(
      authTranscript({
        dialler: hello,
        listener: other,
        side: 'dialler',
        listenerId: bob,
        diallerId: alice,
        ...changed,
      }),
    );

  it('is the same for the same link', () => {
    expect(signed({})).toBe(signed({}));
  });

  it.each<[string, object]>([
    ['the nonce of the dialler', { dialler: { ...hello, nonce: new Uint8Array(32) } }],
    ['the nonce of the listener', { listener: { ...other, nonce } }],
    ['the versions that were offered', { dialler: { ...hello, versions: [1, 2] } }],
    ['whom the dialler wanted', { dialler: { ...hello, to: carol } }],
    ['who listens', { listenerId: carol }],
    ['who dials', { diallerId: carol }],
    ['the side', { side: 'listener' }],
    ['hellos that changed places', { dialler: other, listener: hello }],
  ])('is another with another: %s', (_what, changed) => {
    expect(signed(changed)).not.toBe(signed({}));
  });
});

describe('the version of a link', () => {
  it('is the highest that both sides speak', () => {
    expect(negotiateVersion([1, 2, 3], [4, 2, 1])).toBe(2);
    expect(negotiateVersion(supportedVersions, supportedVersions)).toBe(3);
    expect(negotiateVersion(supportedVersions, [1])).toBe(1);
  });

  it('is refused when there is none', () => {
    expect(codeThrownBy(() => negotiateVersion([1], [2, 3]))).toBe('UNSUPPORTED_VERSION');
  });
});
