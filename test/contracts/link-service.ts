import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MeshError } from '#kernel';
import { encodeFrame, type Frame, type MailboxAck } from '#protocol';
import type { Link, LinkService, ServiceQuestion } from '#link';
import { failure } from '../support/failure.ts';
import { acceptAs, alice, bob, frameFrom, linked, linkEnd, mallory } from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { hello, RawPeer } from '../support/raw-peer.ts';

const receipt = Uint8Array.of(1, 2, 3);
const epoch = new Uint8Array(16).fill(5);
const fetch = { op: 'fetch', after: 0, frames: 10, bytes: 1000, waitMs: 30_000 } as const;

/** A service under the test's control: it keeps what came, and answers `done` unless the test says otherwise. */
class FakeService implements LinkService {
  readonly frames: Frame[] = [];
  readonly questions: ServiceQuestion[] = [];
  readonly askedOver: Link[] = [];
  readonly acks: MailboxAck[] = [];
  reply: LinkService['answer'] = async () => ({ op: 'done' });

  onFrame: LinkService['onFrame'] = async (frame) => {
    this.frames.push(frame);
    return { kind: 'stored', receipt };
  };

  answer: LinkService['answer'] = async (question, link) => {
    this.questions.push(question);
    this.askedOver.push(link);
    return await this.reply(question, link);
  };

  onAck(ack: MailboxAck): void {
    this.acks.push(ack);
  }
}

function withService() {
  const listener = linkEnd(bob);
  const service = new FakeService();
  listener.handler.service = service;
  return { listener, service };
}

export function linkServiceContract(transport: () => LinkTransport): void {
  test('a frame for another agent goes to the service, one for the local agent does not', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    const forMallory = frameFrom(alice.agentId, mallory.agentId);
    const forBob = frameFrom(alice.agentId, bob.agentId);
    expect(await dialler.link.sendFrame(forMallory)).toEqual({ kind: 'stored', receipt });
    expect(await dialler.link.sendFrame(forBob)).toEqual({ kind: 'delivered' });
    expect(service.frames).toEqual([forMallory]);
    expect(listener.handler.frames).toEqual([forBob]);
  });

  test('a frame whose sender the link did not prove is refused, with a service as without', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    const refused = { kind: 'refused', code: 'WRONG_RECIPIENT' };
    expect(await dialler.link.sendFrame(frameFrom(mallory.agentId, bob.agentId))).toEqual(refused);
    expect(await dialler.link.sendFrame(frameFrom(bob.agentId, mallory.agentId))).toEqual(refused);
    expect(service.frames).toEqual([]);
  });

  test('every question is answered with what the service says, whichever answer comes first', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    const slow = Promise.withResolvers<void>();
    service.reply = async (question) => {
      if (question.op === 'card.put') {
        await slow.promise;
        return { op: 'done' };
      }
      if (question.op === 'room.append') return { op: 'room.taken', seq: 3, bytes: Uint8Array.of(9) };
      return { op: 'presence.is', online: [mallory.agentId] };
    };
    const put = dialler.link.ask({ op: 'card.put', card: Uint8Array.of(1) });
    const append = { op: 'room.append', room: epoch, epoch: 0, bytes: Uint8Array.of(8) } as const;
    expect(await dialler.link.ask(append)).toMatchObject({ op: 'room.taken', seq: 3, bytes: Uint8Array.of(9) });
    const presence = await dialler.link.ask({ op: 'presence', agents: [mallory.agentId] });
    expect(presence.online).toEqual([mallory.agentId]);
    slow.resolve();
    expect(await put).toMatchObject({ op: 'done' });
    expect(service.askedOver.every(({ remote }) => remote.agentId === alice.agentId)).toBe(true);
  });

  test('what the service throws is the refusal of that question, with when to try again', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    service.reply = () => Promise.reject(new MeshError('RATE_LIMITED', 'secret', { data: { retryAfterMs: 70 } }));
    const refused = await failure(dialler.link.ask({ op: 'directory' }));
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', data: { retryAfterMs: 70 } });
    expect(refused.message).not.toContain('secret');
    service.reply = async () => ({ op: 'listing', cards: [] });
    expect((await dialler.link.ask({ op: 'directory' })).cards).toEqual([]);
  });

  test('cards and key packages of others come from the service, those of the local agent from the handler', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    service.reply = async (question) =>
      question.op === 'card.get'
        ? { op: 'card', agent: question.agent, card: Uint8Array.of(7) }
        : { op: 'keypackage', agent: mallory.agentId, bytes: Uint8Array.of(8) };
    const { agentId } = mallory;
    expect((await dialler.link.ask({ op: 'card.get', agent: agentId })).card).toEqual(Uint8Array.of(7));
    expect((await dialler.link.ask({ op: 'keypackage.take', agent: agentId })).bytes).toEqual(Uint8Array.of(8));
    expect((await dialler.link.getCard()).length).toBeGreaterThan(1);
    expect(service.questions.map(({ op }) => op)).toEqual(['card.get', 'keypackage.take']);
  });

  test('without a service a question is refused, an ack does nothing, and the link goes on', async () => {
    const { dialler } = await linked(transport());
    dialler.link.ack({ epoch, upTo: 1 });
    expect((await failure(dialler.link.ask(fetch))).code).toBe('NOT_FOUND');
    const other = { op: 'card.get', agent: mallory.agentId } as const;
    expect((await failure(dialler.link.ask(other))).code).toBe('UNKNOWN_AGENT');
    expect(await dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId))).toEqual({ kind: 'delivered' });
  });

  test('an ack comes as it was said, in order with the questions', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    dialler.link.ack({ epoch, upTo: 7 });
    await dialler.link.ask({ op: 'directory' }).catch(() => {});
    expect(service.acks).toEqual([{ op: 'ack', epoch, upTo: 7 }]);
  });

  test('more questions than are answered at once wait for their turn; fetches do not hold up the others', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    const held: (() => void)[] = [];
    let open = 0;
    let most = 0;
    service.reply = async ({ op }) => {
      if (op === 'fetch') return await new Promise(() => {});
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => held.push(resolve));
      open -= 1;
      return { op: 'done' };
    };
    for (let fetches = 0; fetches < 10; fetches += 1) void dialler.link.ask(fetch).catch(() => {});
    const puts = Array.from({ length: 40 }, () => dialler.link.ask({ op: 'card.put', card: Uint8Array.of(1) }));
    const all = Promise.all(puts);
    let done = false;
    void all.then(() => (done = true));
    while (!done) {
      held.shift()?.();
      await turn();
    }
    expect(most).toBe(dialler.limits.maxLinkRequests);
    const { maxFetches } = dialler.limits;
    expect(service.questions.filter(({ op }) => op === 'fetch')).toHaveLength(maxFetches);
  });

  test('a question whose answer does not come in time is given up, a fetch only after its own wait as well', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    service.reply = () => new Promise(() => {});
    const put = failure(dialler.link.ask({ op: 'card.put', card: Uint8Array.of(1) }));
    let fetched: unknown;
    const fetching = failure(dialler.link.ask({ ...fetch, waitMs: 20_000 })).then((error) => (fetched = error.code));
    const { linkRequestMs } = dialler.limits;
    await dialler.clock.advance(linkRequestMs);
    expect((await put).code).toBe('TIMEOUT');
    await dialler.clock.advance(20_000 - 1);
    expect(fetched).toBeUndefined();
    await dialler.clock.advance(1);
    expect(await fetching).toBe('TIMEOUT');
  });

  test('a question that does not get its turn in time is given up, and one after it can be answered', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    const held = Promise.withResolvers<void>();
    service.reply = async () => {
      await held.promise;
      return { op: 'done' };
    };
    const { linkRequestMs, maxLinkRequests } = dialler.limits;
    const put = { op: 'card.put', card: Uint8Array.of(1) } as const;
    const asked = Array.from({ length: maxLinkRequests + 2 }, () => failure(dialler.link.ask(put)));
    await dialler.clock.advance(linkRequestMs);
    for (const one of asked) expect((await one).code).toBe('TIMEOUT');
    held.resolve();
    expect(await dialler.link.ask(put)).toMatchObject({ op: 'done' });
    expect(service.questions).toHaveLength(maxLinkRequests + 1);
  });

  test('who asked can stop waiting, also for a turn that has not come', async () => {
    const { listener, service } = withService();
    const { dialler } = await linked(transport(), { listener });
    service.reply = () => new Promise(() => {});
    const stop = new AbortController();
    const { signal } = stop;
    const waiting = Array.from({ length: dialler.limits.maxFetches + 1 }, () => dialler.link.ask(fetch, { signal }));
    const ends = Promise.allSettled(waiting);
    stop.abort(new Error('enough'));
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    await expect(dialler.link.ask(fetch, { signal })).rejects.toThrow('enough');
  });

  test('what is answered when the link has ended goes to nobody, and who asked learns that it closed', async () => {
    const { listener, service } = withService();
    const { dialler, listener: far } = await linked(transport(), { listener });
    const began = Promise.withResolvers<void>();
    service.reply = async (_question, link) => {
      began.resolve();
      await link.closed;
      return { op: 'done' };
    };
    const asked = failure(dialler.link.ask(fetch));
    await began.promise;
    far.connection.cut();
    expect((await asked).code).toBe('LINK_CLOSED');
    await far.link.closed;
    expect(service.askedOver).toEqual([far.link]);
    expect((await failure(dialler.link.ask(fetch))).code).toBe('LINK_CLOSED');
  });

  test.each([1, 2])('over a link of version %i nothing of a hub is asked', async (version) => {
    const listener = { ...linkEnd(bob), versions: [version] };
    const { dialler } = await linked(transport(), { listener });
    expect((await failure(dialler.link.ask(fetch))).code).toBe('PEER_TOO_OLD');
    dialler.link.ack({ epoch, upTo: 1 });
    expect(await dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId))).toEqual({ kind: 'delivered' });
  });

  test.each([
    ['asks a hub over a link of version 2', [2], [{ op: 'presence', n: 1, agents: [alice.agentId] }], 'MALFORMED'],
    ['acknowledges over a link of version 2', [2], [{ op: 'ack', epoch, upTo: 1 }], 'MALFORMED'],
    ['answers what nobody asked', [3], [{ op: 'done', n: 1 }], 'MALFORMED'],
    [
      'asks more at once than it may',
      [3],
      Array.from({ length: 9 }, (_, n) => ({ op: 'presence', n, agents: [alice.agentId] }) as const),
      'RATE_LIMITED',
    ],
    ['fetches more at once than it may', [3], Array.from({ length: 5 }, (_, n) => ({ ...fetch, n })), 'RATE_LIMITED'],
  ] as const)('a far end that %s is cut off', async (_what, versions, operations, code) => {
    const { listener, service } = withService();
    service.reply = () => new Promise(() => {});
    const [near, far] = await transport().connect();
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial(alice, bob.agentId, hello({ to: bob.agentId, versions }));
    peer.send(...operations);
    expect(await peer.refusal()).toBe(code);
    expect((await (await accepting).closed)?.code).toBe(code);
  });

  test('a far end that answers with another operation than was asked for is cut off', async () => {
    const listener = linkEnd(bob);
    const [near, far] = await transport().connect();
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial();
    const asked = failure((await accepting).ask({ op: 'room.append', room: epoch, epoch: 0, bytes: receipt }));
    const { n } = await peer.next('room.append');
    peer.send({ op: 'done', n });
    expect(await peer.refusal()).toBe('MALFORMED');
    expect((await asked).code).toBe('LINK_CLOSED');
  });

  test('frames are answered while all questions wait', async () => {
    const { listener, service } = withService();
    service.reply = () => new Promise(() => {});
    const [near, far] = await transport().connect();
    void acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial();
    const frame = frameFrom(alice.agentId, mallory.agentId);
    peer.send(...Array.from({ length: 8 }, (_, n) => ({ op: 'presence', n, agents: [alice.agentId] }) as const));
    peer.send({ op: 'frame', frame: encodeFrame(frame) });
    expect((await peer.next('stored')).frameId).toBe(frame.id);
  });
}
