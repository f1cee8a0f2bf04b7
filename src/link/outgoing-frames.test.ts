import { describe, expect, test } from 'vitest';
import type { FrameId } from '#protocol';
import { type Connection, waterMarks } from './connection.ts';
import { memoryConnections } from './memory-connection.ts';
import { OutgoingFrames } from './outgoing-frames.ts';

const plenty = { frames: 1000, bytes: Number.MAX_SAFE_INTEGER };
const frame = (number: number): { readonly id: FrameId; readonly bytes: Uint8Array } => ({
  id: `frm_${number}`,
  bytes: new Uint8Array(512 * 1024),
});

/** Counts what is sent, and what the far end has taken. */
function counted(): { readonly near: Connection; readonly far: Connection; readonly outgoing: OutgoingFrames } {
  const [near, far] = memoryConnections();
  return { near, far, outgoing: new OutgoingFrames(near, plenty) };
}

describe('outgoing frames', () => {
  test('wait while the network takes nothing, and go on when it does', async () => {
    const { near, far, outgoing } = counted();
    const written: FrameId[] = [];
    const frames = [1, 2, 3, 4, 5, 6].map(frame);
    for (const { id, bytes } of frames) void outgoing.send({ id, bytes, onWritten: () => written.push(id) });
    expect(written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    expect(near.bufferedBytes).toBeGreaterThan(waterMarks.highBytes);
    for (const { bytes } of frames) expect(await far.receive()).toHaveLength(bytes.length);
    expect(written).toEqual(frames.map(({ id }) => id));
  });

  test('that wait when the link ends are told so and not written any more', async () => {
    const { far, outgoing } = counted();
    const sent = [1, 2, 3, 4].map((number) => outgoing.send({ ...frame(number), onWritten: undefined }));
    const reasons = Promise.allSettled(sent);
    outgoing.end(new Error('gone') as never);
    expect((await reasons).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    for (let taken = 0; taken < 3; taken += 1) await far.receive();
    far.close(1000, '');
    await far.closed;
    expect(await far.receive()).toBeUndefined();
  });

  test('do not count as written on a connection that is over, also before the link has heard of its end', async () => {
    const [near] = memoryConnections();
    const outgoing = new OutgoingFrames(near, { frames: 1, bytes: Number.MAX_SAFE_INTEGER });
    const written: FrameId[] = [];
    const sent = [1, 2].map((number) => {
      const { id } = frame(number);
      return outgoing.send({ id, bytes: Uint8Array.of(number), onWritten: () => written.push(id) });
    });
    const reasons = Promise.allSettled(sent);
    near.cut();
    outgoing.grant(plenty);
    expect(written).toEqual(['frm_1']);
    outgoing.end(new Error('gone') as never);
    expect((await reasons).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('are answered once, and only when they were written', () => {
    const [near] = memoryConnections();
    const outgoing = new OutgoingFrames(near, { frames: 1, bytes: 1_000_000 });
    for (const number of [1, 2]) void outgoing.send({ ...frame(number), onWritten: undefined });
    const answered = (number: number): boolean => outgoing.answered(`frm_${number}`, { kind: 'delivered' });
    expect([answered(1), answered(1), answered(2), answered(3)]).toEqual([true, false, false, false]);
  });
});
