import { describe, expect, it } from 'vitest';
import { defaultLimits, encodeCbor } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameKind } from './index.ts';

const plain: Frame = {
  v: 1,
  id: 'frm_01900000-0000-7000-8000-000000000001',
  kind: 'app',
  from: party(1).agentId,
  to: party(2).agentId,
  createdAt: 1_767_225_600_000,
  expiresAt: 1_767_225_660_000,
  priority: 'normal',
  bytes: Uint8Array.of(1, 2, 3),
};
const codeOfDecoding = (value: unknown): string => codeThrownBy(() => decodeFrame(encodeCbor(value)));

/** A frame of exactly so many bytes. */
function sized(kind: FrameKind, size: number): Frame {
  const frame = (content: number): Frame => ({ ...plain, kind, bytes: new Uint8Array(content) });
  const overhead = encodeCbor(frame(size)).length - size;
  return frame(size - overhead);
}

describe('the size of a frame', () => {
  it.each<[FrameKind, number]>([
    ['app', defaultLimits.maxFrameBytes],
    ['receipt', defaultLimits.maxFrameBytes],
    ['blob', defaultLimits.maxFrameBytes],
    ['welcome', defaultLimits.maxHandshakeFrameBytes],
    ['commit', defaultLimits.maxHandshakeFrameBytes],
    ['request', defaultLimits.maxHandshakeFrameBytes],
    ['accept', defaultLimits.maxHandshakeFrameBytes],
  ])('of kind %s is at most %i bytes', (kind, max) => {
    const largest = encodeFrame(sized(kind, max));
    expect(largest).toHaveLength(max);
    expect(decodeFrame(largest).kind).toBe(kind);
    expect(codeThrownBy(() => encodeFrame(sized(kind, max + 1)))).toBe('FRAME_TOO_LARGE');
    expect(codeOfDecoding(sized(kind, max + 1))).toBe('FRAME_TOO_LARGE');
  });

  it('is looked at before anything else', () => {
    expect(codeThrownBy(() => decodeFrame(new Uint8Array(600_000)))).toBe('FRAME_TOO_LARGE');
  });
});

describe('the version of a frame', () => {
  it('is looked at before the keys', () => {
    expect(codeOfDecoding({ v: 2, anything: 'else' })).toBe('UNSUPPORTED_VERSION');
    expect(codeOfDecoding({ ...plain, v: 0 })).toBe('UNSUPPORTED_VERSION');
  });

  it('must be a number', () => {
    expect(codeOfDecoding({ ...plain, v: '1' })).toBe('MALFORMED');
    expect(codeOfDecoding({ ...plain, v: 1.5 })).toBe('MALFORMED');
  });
});

describe('the fields of a frame', () => {
  it.each<[string, unknown]>([
    ['a key that is not known', { ...plain, hops: 1 }],
    ['another kind', { ...plain, kind: 'gossip' }],
    ['an id with a path', { ...plain, id: 'frm_../x' }],
    ['a sender that is no agent', { ...plain, from: 'alice' }],
    ['an end before its beginning', { ...plain, expiresAt: plain.createdAt - 1 }],
    ['an end at its beginning', { ...plain, expiresAt: plain.createdAt }],
    ['more than 30 days to live', { ...plain, expiresAt: plain.createdAt + 30 * 86_400_000 + 1 }],
    ['a time that is not whole', { ...plain, createdAt: 0.5 }],
    ['no content', { ...plain, bytes: new Uint8Array() }],
    ['content as text', { ...plain, bytes: 'x' }],
  ])('are refused with %s', (_what, frame) => {
    expect(codeOfDecoding(frame)).toBe('MALFORMED');
  });

  it('may live for 30 days', () => {
    expect(codeOfDecoding({ ...plain, expiresAt: plain.createdAt + 30 * 86_400_000 })).toBe('nothing was thrown');
  });
});
