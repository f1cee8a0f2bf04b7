import { expect, test } from 'vitest';
import { MeshError } from '#kernel';
import { alice, bob, frameFrom, framesFrom, linked, linkEnd, mallory, rotated } from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';

const idsOf = (frames: readonly { readonly id: string }[]): readonly string[] => frames.map(({ id }) => id);

export function linkFramesContract(transport: () => LinkTransport): void {
  test('frames arrive whole and in order, both ways at once, and each is answered', async () => {
    const { dialler, listener } = await linked(transport());
    const there = framesFrom(alice.agentId, bob.agentId, 200);
    const back = framesFrom(bob.agentId, alice.agentId, 200);
    const outcomes = await Promise.all([
      ...there.map((frame) => dialler.link.sendFrame(frame)),
      ...back.map((frame) => listener.link.sendFrame(frame)),
    ]);
    expect(outcomes).toEqual(Array.from({ length: 400 }, () => ({ kind: 'delivered' })));
    expect(idsOf(listener.handler.frames)).toEqual(idsOf(there));
    expect(idsOf(dialler.handler.frames)).toEqual(idsOf(back));
    expect(listener.handler.frames[0]).toEqual(there[0]);
  });

  test('the answer is what the handler says', async () => {
    const { dialler, listener } = await linked(transport());
    const send = (): Promise<unknown> => dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId));
    const receipt = Uint8Array.of(1, 2, 3);
    listener.handler.outcome = () => Promise.resolve({ kind: 'stored', receipt });
    expect(await send()).toEqual({ kind: 'stored', receipt });
    listener.handler.outcome = () => Promise.resolve({ kind: 'refused', code: 'SESSION_UNKNOWN' });
    expect(await send()).toEqual({ kind: 'refused', code: 'SESSION_UNKNOWN' });
  });

  test('a handler that throws refuses with the code of its error, and the link goes on', async () => {
    const { dialler, listener } = await linked(transport());
    const send = (): Promise<unknown> => dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId));
    listener.handler.outcome = () => Promise.reject(new MeshError('STORE_FULL'));
    expect(await send()).toEqual({ kind: 'refused', code: 'STORE_FULL' });
    listener.handler.outcome = () => {
      throw new TypeError('a fault in the node');
    };
    expect(await send()).toEqual({ kind: 'refused', code: 'INTERNAL' });
    listener.handler.outcome = () => Promise.resolve({ kind: 'delivered' });
    expect(await send()).toEqual({ kind: 'delivered' });
  });

  test('answers may come in another order than the frames', async () => {
    const { dialler, listener } = await linked(transport());
    const first = Promise.withResolvers<{ kind: 'delivered' }>();
    const [one, two] = framesFrom(alice.agentId, bob.agentId, 2);
    if (one === undefined || two === undefined) throw new Error('Two frames are needed');
    listener.handler.outcome = ({ id }) =>
      id === one.id ? first.promise : Promise.resolve({ kind: 'refused', code: 'EXPIRED' });
    const slow = dialler.link.sendFrame(one);
    expect(await dialler.link.sendFrame(two)).toEqual({ kind: 'refused', code: 'EXPIRED' });
    first.resolve({ kind: 'delivered' });
    expect(await slow).toEqual({ kind: 'delivered' });
  });

  test('a frame that is under way is not taken again', async () => {
    const { dialler, listener } = await linked(transport());
    const done = Promise.withResolvers<{ kind: 'delivered' }>();
    listener.handler.outcome = () => done.promise;
    const frame = frameFrom(alice.agentId, bob.agentId);
    const first = dialler.link.sendFrame(frame);
    await expect(dialler.link.sendFrame(frame)).rejects.toMatchObject({ code: 'WRONG_STATE' });
    done.resolve({ kind: 'delivered' });
    expect(await first).toEqual({ kind: 'delivered' });
    expect(await dialler.link.sendFrame(frame)).toEqual({ kind: 'delivered' });
    expect(listener.handler.frames).toHaveLength(2);
  });

  test('a frame from or for another agent is refused and not handed over', async () => {
    const { dialler, listener } = await linked(transport());
    const refused = { kind: 'refused', code: 'WRONG_RECIPIENT' };
    expect(await dialler.link.sendFrame(frameFrom(mallory.agentId, bob.agentId))).toEqual(refused);
    expect(await dialler.link.sendFrame(frameFrom(alice.agentId, mallory.agentId))).toEqual(refused);
    expect(await dialler.link.sendFrame(frameFrom(bob.agentId, alice.agentId))).toEqual(refused);
    expect(listener.handler.frames).toEqual([]);
  });

  test('a frame sealed before a rotation of either side still passes', async () => {
    const ends = { dialler: linkEnd(rotated(alice, 11)), listener: linkEnd(rotated(bob, 12)) };
    const { dialler, listener } = await linked(transport(), ends);
    expect(await dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId))).toEqual({ kind: 'delivered' });
    expect(await listener.link.sendFrame(frameFrom(bob.agentId, alice.agentId))).toEqual({ kind: 'delivered' });
  });

  test('a frame that is too large is refused before it is sent', async () => {
    const { dialler } = await linked(transport());
    const frame = frameFrom(alice.agentId, bob.agentId, dialler.limits.maxFrameBytes + 1);
    await expect(dialler.link.sendFrame(frame)).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' });
    expect(await dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId, 60_000))).toEqual({ kind: 'delivered' });
  });
}
