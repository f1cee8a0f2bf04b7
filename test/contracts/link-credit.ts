import { expect, test } from 'vitest';
import type { FrameOutcome } from '#link';
import { encodeFrame, encodeLinkOperation, type FrameId } from '#protocol';
import {
  acceptAs,
  alice,
  bob,
  frameFrom,
  framesFrom,
  type LinkEnd,
  linked,
  linkEnd,
  type LinkedPair,
} from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { RawPeer } from '../support/raw-peer.ts';

const delivered: FrameOutcome = { kind: 'delivered' };

/** A listener whose handler answers when the test says so, in order. */
async function slowListener(
  transport: LinkTransport,
  listener: LinkEnd,
): Promise<LinkedPair & { answer(count: number): void }> {
  const waiting: ((outcome: FrameOutcome) => void)[] = [];
  listener.handler.outcome = () => new Promise((resolve) => waiting.push(resolve));
  const pair = await linked(transport, { listener });
  return { ...pair, answer: (count) => waiting.splice(0, count).forEach((resolve) => resolve(delivered)) };
}

const requests = (count: number) =>
  framesFrom(alice.agentId, bob.agentId, count).map((frame) => ({ ...frame, kind: 'request' as const }));

export function linkCreditContract(transport: () => LinkTransport): void {
  test('frames beyond the credit wait, and go on in call order as the handler gets done', async () => {
    const slow = await slowListener(transport(), linkEnd(bob, { creditFrames: 4 }));
    const { dialler, listener } = slow;
    const frames = framesFrom(alice.agentId, bob.agentId, 10);
    const written: FrameId[] = [];
    const outcomes = frames.map((frame) => dialler.link.sendFrame(frame, { onWritten: () => written.push(frame.id) }));
    await listener.handler.received(4);
    // All that was written before the ping is there when it is answered.
    await dialler.link.ping();
    expect(listener.handler.frames).toHaveLength(4);
    expect(written).toEqual(frames.slice(0, 4).map(({ id }) => id));
    slow.answer(2);
    await listener.handler.received(6);
    await dialler.link.ping();
    expect(listener.handler.frames).toHaveLength(6);
    for (const count of [8, 10]) {
      slow.answer(2);
      await listener.handler.received(count);
    }
    slow.answer(4);
    expect(await Promise.all(outcomes)).toEqual(frames.map(() => delivered));
    expect(written).toEqual(frames.map(({ id }) => id));
    expect(listener.handler.frames.map(({ id }) => id)).toEqual(written);
  });

  test('bytes beyond the credit wait too', async () => {
    const slow = await slowListener(transport(), linkEnd(bob, { creditBytes: 100_000 }));
    const { dialler, listener } = slow;
    const frames = [1, 2, 3].map(() => frameFrom(alice.agentId, bob.agentId, 40_000));
    const outcomes = frames.map((frame) => dialler.link.sendFrame(frame));
    await listener.handler.received(2);
    await dialler.link.ping();
    expect(listener.handler.frames).toHaveLength(2);
    slow.answer(1);
    await listener.handler.received(3);
    slow.answer(2);
    expect(await Promise.all(outcomes)).toEqual([delivered, delivered, delivered]);
  });

  test('many times the window passes', async () => {
    const { dialler, listener } = await linked(transport(), {
      listener: linkEnd(bob, { creditFrames: 7, creditBytes: 30_000 }),
    });
    const frames = framesFrom(alice.agentId, bob.agentId, 500);
    await Promise.all(frames.map((frame) => dialler.link.sendFrame(frame)));
    expect(listener.handler.frames.map(({ id }) => id)).toEqual(frames.map(({ id }) => id));
  });

  test('a stranger has one frame; the second waits until it is granted trust', async () => {
    const listener = linkEnd(bob);
    listener.handler.trusted = false;
    const { dialler } = await linked(transport(), { listener });
    const [first, ...others] = requests(20);
    if (first === undefined) throw new Error('A frame is needed');
    expect(await dialler.link.sendFrame(first)).toEqual(delivered);
    const outcomes = others.map((frame) => dialler.link.sendFrame(frame));
    await dialler.link.ping();
    expect(listener.handler.frames).toHaveLength(1);
    listener.handler.links[0]?.grant();
    listener.handler.links[0]?.grant();
    expect(await Promise.all(outcomes)).toEqual(others.map(() => delivered));
  });

  test('a stranger that was a peer before comes to what is new behind what is known, and no further', async () => {
    const listener = linkEnd(bob);
    const frames = framesFrom(alice.agentId, bob.agentId, 20);
    const answers: readonly FrameOutcome[] = [
      ...Array.from({ length: 9 }, () => delivered),
      { kind: 'refused', code: 'EXPIRED' },
      { kind: 'refused', code: 'NOT_TRUSTED' },
    ];
    listener.handler.trusted = false;
    listener.handler.outcome = async ({ id }) => answers[frames.findIndex((frame) => frame.id === id)] ?? delivered;
    const { dialler } = await linked(transport(), { listener });
    const outcomes = frames.map((frame) => dialler.link.sendFrame(frame));
    expect(await Promise.all(outcomes.slice(0, answers.length))).toEqual(answers);
    await dialler.link.ping();
    expect(listener.handler.frames).toHaveLength(answers.length);
    dialler.link.close();
    await Promise.allSettled(outcomes);
  });

  test('a stranger whose frame makes it a peer gets full credit by itself', async () => {
    const listener = linkEnd(bob);
    listener.handler.trusted = false;
    listener.handler.outcome = () => {
      listener.handler.trusted = true;
      return Promise.resolve(delivered);
    };
    const { dialler } = await linked(transport(), { listener });
    const frames = framesFrom(alice.agentId, bob.agentId, 300);
    expect(await Promise.all(frames.map((frame) => dialler.link.sendFrame(frame)))).toEqual(
      frames.map(() => delivered),
    );
  });

  test('a stranger that sends a second frame anyway is cut off', async () => {
    const listener = linkEnd(bob);
    listener.handler.trusted = false;
    const [near, far] = await transport().connect();
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    const { frames, bytes } = await peer.dial();
    expect([frames, bytes]).toEqual([listener.limits.strangerFrames, listener.limits.strangerBytes]);
    const [first, second] = requests(2);
    if (first === undefined || second === undefined) throw new Error('Two frames are needed');
    peer.send({ op: 'frame', frame: encodeFrame(first) });
    expect((await peer.next('delivered')).frameId).toBe(first.id);
    peer.send({ op: 'frame', frame: encodeFrame(second) });
    expect(await peer.refusal()).toBe('CREDIT_EXCEEDED');
    expect((await (await accepting).closed)?.code).toBe('CREDIT_EXCEEDED');
    expect(listener.handler.frames).toHaveLength(1);
  });

  test('a peer that sends more frames or bytes than granted is cut off, whatever is handled meanwhile', async () => {
    for (const limits of [{ creditFrames: 3 }, { creditBytes: 3 * encodedBytes }]) {
      const listener = linkEnd(bob, limits);
      listener.handler.outcome = () => new Promise(() => {});
      const [near, far] = await transport().connect();
      const accepting = acceptAs(listener, far);
      const peer = new RawPeer(near);
      await peer.dial();
      for (const frame of framesFrom(alice.agentId, bob.agentId, 4))
        peer.send({ op: 'frame', frame: encodeFrame(frame) });
      expect(await peer.refusal()).toBe('CREDIT_EXCEEDED');
      expect((await (await accepting).closed)?.code).toBe('CREDIT_EXCEEDED');
      expect(listener.handler.frames).toHaveLength(3);
    }
  });
}

const encodedBytes = encodeLinkOperation({
  op: 'frame',
  frame: encodeFrame(frameFrom(alice.agentId, bob.agentId)),
}).length;
