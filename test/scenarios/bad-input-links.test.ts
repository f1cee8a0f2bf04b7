import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeLinkOperation, encodeFrame, encodeLinkOperation } from '#protocol';
import { connectRaw, HostilePeer } from '../support/hostile-peer.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { codeOfRejection, Story, stillTalk, until } from '../support/story.ts';
import { eventually, pair, signal, type TestNode, type TestNodeOptions } from '../support/test-agents.ts';

const story = new Story();
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await story[Symbol.asyncDispose]();
});

async function aliceAndBob(limits: TestNodeOptions['limits'] = {}): Promise<[TestNode, TestNode]> {
  const [alice, bob] = [await story.start('alice', { limits }), await story.start('bob')];
  await pair(alice, bob);
  return [alice, bob];
}

/** A TCP connection to the node's public listener. */
async function socketTo(node: TestNode): Promise<{ socket: Socket; text(): string; closed: Promise<unknown> }> {
  const { port } = node.node.listening.publicAddress;
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return { socket, text: () => text, closed };
}

async function operationsUntilEnd({ connection }: RawPeer): Promise<readonly string[]> {
  const operations: string[] = [];
  for (let bytes = await connection.receive(); bytes !== undefined; bytes = await connection.receive()) {
    operations.push(decodeLinkOperation(bytes).op);
  }
  return operations;
}

describe('who connects and says nothing', () => {
  test('at all is disconnected in time, while others talk', async () => {
    const [alice, bob] = await aliceAndBob({ httpHeadersMs: 60 });
    const silent = await Promise.all(Array.from({ length: 20 }, () => socketTo(alice)));
    await stillTalk(bob, alice);
    await Promise.all(silent.map(({ closed }) => closed));
    expect(silent.map(({ text }) => text().split('\r\n')[0])).toEqual(Array(20).fill('HTTP/1.1 408 Request Timeout'));
    await stillTalk(bob, alice);
  });

  test('more than half a request is disconnected in time', async () => {
    const [alice, bob] = await aliceAndBob({ httpHeadersMs: 60 });
    const slow = await socketTo(alice);
    slow.socket.write('GET /agent-mesh/discovery HTTP/1.1\r\nHost: a\r\nX-Slow: ');
    await slow.closed;
    expect(slow.text()).toMatch(/^HTTP\/1\.1 408 /);
    await stillTalk(bob, alice);
  });

  test('on a link is sent away with HANDSHAKE_TIMEOUT, at every step of the handshake', async () => {
    const [alice, bob] = await aliceAndBob({ handshakeMs: 60 });
    const [silent, halfway] = [await connectRaw(alice), await connectRaw(alice)];
    await halfway.greet(alice.host.agent.agentId);
    await stillTalk(bob, alice);
    expect([await silent.refusal(), await halfway.refusal()]).toEqual(['HANDSHAKE_TIMEOUT', 'HANDSHAKE_TIMEOUT']);
    expect((await silent.connection.closed).reason).toBe('HANDSHAKE_TIMEOUT');
    await stillTalk(bob, alice);
  });

  test('takes no place from peers: those there are stay, and there is room again when its time is over', async () => {
    const [alice, bob] = await aliceAndBob({
      handshakeMs: 400,
      maxUnauthenticatedLinks: 3,
      newcomerPercent: 100,
    });
    await stillTalk(bob, alice);
    const silent = [await connectRaw(alice), await connectRaw(alice), await connectRaw(alice)];
    expect(await codeOfRejection(connectRaw(alice))).toBe('RATE_LIMITED');
    await stillTalk(bob, alice);
    const carol = await story.start('carol');
    const { invite } = await alice.api.invite({ tier: 'trusted' }, { signal });
    const joined = carol.api.join({ invite }, { signal });
    await Promise.all(silent.map(({ connection }) => connection.closed));
    expect(await joined).toMatchObject({ state: 'trusted' });
    await stillTalk(carol, alice);
  });

  test('after the handshake is pinged and then cut off, and what was for it waits', async () => {
    const [alice, bob] = await aliceAndBob({ linkPingMs: 20, linkIdleMs: 80 });
    const mallory = await HostilePeer.create();
    await mallory.befriend(alice);
    const silent = await mallory.raw(alice);
    const { id } = await alice.api.send({ to: 'mallory', text: 'are you there' }, { signal });
    expect(await operationsUntilEnd(silent)).toContain('ping');
    await eventually(
      [alice, bob],
      async () => (await alice.api.contact({ contact: 'mallory' }, { signal })).link === 'down',
    );
    expect((await alice.api.track({ id }, { signal })).state).toBe('queued');
    await stillTalk(bob, alice);
  });

  test('about the frames that it takes is given up, and gets them again when it is back', async () => {
    const [alice, bob] = await aliceAndBob({ frameAcknowledgeMs: 60 });
    const mallory = await HostilePeer.create();
    await mallory.befriend(alice);
    mallory.answer = ({ kind }) =>
      kind === 'app' ? new Promise<never>(() => {}) : Promise.resolve({ kind: 'delivered' });
    const link = await mallory.connect(alice);
    await alice.api.send({ to: 'mallory', text: 'take this' }, { signal });
    expect((await link.closed)?.code).toBe('TIMEOUT');
    const apps = () => mallory.received.filter(({ kind }) => kind === 'app');
    await mallory.connect(alice);
    await until(() => apps().length > 1);
    expect(apps()[1]).toEqual(apps()[0]);
    await stillTalk(bob, alice);
    mallory.close();
  });
});

describe('a peer that sends without credit', () => {
  test('as a stranger has one frame, and is cut off with the second', async () => {
    const [alice, bob] = await aliceAndBob();
    const mallory = await HostilePeer.create();
    const peer = await mallory.raw(alice);
    const frame = () => mallory.frame(alice.host.agent.agentId, { kind: 'app', bytes: new Uint8Array(300) });
    peer.send(...[frame(), frame(), frame()].map((one) => ({ op: 'frame', frame: encodeFrame(one) }) as const));
    expect(await peer.refusal()).toBe('CREDIT_EXCEEDED');
    expect((await peer.connection.closed).reason).toBe('CREDIT_EXCEEDED');
    await stillTalk(bob, alice);
  });

  test('as a stranger has a few bytes, and is cut off with more', async () => {
    const [alice, bob] = await aliceAndBob();
    const mallory = await HostilePeer.create();
    const peer = await mallory.raw(alice);
    const frame = mallory.frame(alice.host.agent.agentId, { kind: 'request', bytes: new Uint8Array(60 * 1024) });
    peer.send({ op: 'frame', frame: encodeFrame(frame) });
    expect(await peer.refusal()).toBe('CREDIT_EXCEEDED');
    await stillTalk(bob, alice);
  });

  test('as a friend is cut off too, and is served again on a link on which it waits', async () => {
    const [alice, bob] = await aliceAndBob({ creditFrames: 4, creditBytes: 1024 * 1024 });
    const mallory = await HostilePeer.create();
    await mallory.befriend(alice);
    const to = alice.host.agent.agentId;
    const greedy = await mallory.raw(alice);
    const frames = Array.from({ length: 50 }, () => mallory.frame(to, { kind: 'app', bytes: new Uint8Array(300) }));
    greedy.send(...frames.map((frame) => ({ op: 'frame', frame: encodeFrame(frame) }) as const));
    expect(await greedy.refusal()).toBe('CREDIT_EXCEEDED');
    await stillTalk(bob, alice);
    const link = await mallory.connect(alice);
    await mallory.openSession(link);
    const patient = await Promise.all(Array.from({ length: 50 }, () => mallory.sealMessages(to, mallory.message(to))));
    const answers = await Promise.all(patient.map((frame) => link.sendFrame(frame)));
    expect(answers).toEqual(Array(50).fill({ kind: 'delivered' }));
    link.close();
  });

  test('asks more questions at once than it may is cut off', async () => {
    const [alice, bob] = await aliceAndBob({ maxLinkRequests: 2 });
    const mallory = await HostilePeer.create();
    await mallory.befriend(alice);
    const peer = await mallory.raw(alice);
    const agent = alice.host.agent.agentId;
    for (let n = 1; n <= 9; n += 1) peer.connection.send(encodeLinkOperation({ op: 'keypackage.take', n, agent }));
    expect(await peer.refusal()).toBe('RATE_LIMITED');
    await stillTalk(bob, alice);
  });
});
