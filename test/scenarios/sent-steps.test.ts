import { afterEach, describe, expect, test } from 'vitest';
import type { NodeEvent } from '#node';
import type { StateEvent } from '#pipeline';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered, quiet, sendAll } from '../support/memory-story.ts';
import { reaches, send, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

/** What the node tells about sent messages from now on. */
function watchSteps(node: MemoryNode): { readonly told: StateEvent[]; of(id: string): readonly string[] } {
  const told: StateEvent[] = [];
  const note = (event: NodeEvent): void => void (event.type === 'state' && told.push(event));
  const events = node.node.events.subscribe();
  void (async () => {
    for await (const event of events) note(event);
  })();
  return {
    told,
    of: (id) => told.filter(({ ids }) => ids.some((one) => one === id)).map(({ step }) => step),
  };
}

const trackOf = async (node: MemoryNode, id: string) => node.api.track({ id }, { signal });
const stepsOf = async (node: MemoryNode, id: string): Promise<readonly string[]> =>
  (await trackOf(node, id)).steps.map(({ state }) => state);

describe('the steps of a message', () => {
  test('are told as they happen and shown by track, each with who proved it', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: handledBy(() => ({ body: 'yes' })) } });
    const { of } = watchSteps(alice);
    const { request: id } = await alice.api.ask({ to: 'bob', text: 'well?', timeoutMs: 60_000 }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await until(() => of(id).includes('answered'));
    expect(of(id)).toEqual(['queued', 'sealed', 'sent', 'delivered', 'seen', 'answered']);
    const { steps } = await trackOf(alice, id);
    expect(steps.map(({ state, by, proof }) => [state, by, proof])).toEqual([
      ['queued', 'this node', 'local'],
      ['sealed', 'this node', 'local'],
      ['sent', 'this node', 'local'],
      ['delivered', 'peer', 'receipt'],
      ['seen', 'peer', 'receipt'],
      ['answered', 'peer', 'receipt'],
    ]);
    expect(steps[2]).toMatchObject({ attempt: 1, route: 'inbound wire bob' });
  });

  test('are told for all messages of a frame at once', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const { told } = watchSteps(alice);
    const ids = await sendAll(alice, 'bob', numbered('m', 600));
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    await until(() => told.filter(({ step }) => step === 'delivered').flatMap((event) => event.ids).length === 600);
    for (const step of ['queued', 'sealed', 'sent', 'delivered']) {
      const events = told.filter((event) => event.step === step);
      expect(events.flatMap((event) => event.ids).toSorted()).toEqual([...ids].toSorted());
      expect(events.length).toBeLessThan(60);
      expect(Math.max(...events.map((event) => event.ids.length))).toBeLessThanOrEqual(256);
    }
  });

  test('are told only once they are stored: whoever hears of one finds it in track', async () => {
    const [alice, bob] = await story.friends();
    const events = alice.node.events.subscribe();
    const id = await send(alice, 'bob', 'hello again');
    for await (const event of events) {
      if (event.type !== 'state' || !event.ids.some((one) => one === id)) continue;
      expect(await stepsOf(alice, id)).toContain(event.step);
      expect((await trackOf(alice, id)).state).not.toBe(event.state === 'sent' ? 'queued' : 'dead');
      if (event.step === 'delivered') break;
    }
    expect(bob.isUp).toBe(true);
  });

  test('say when it was sent again: first time and route, last time and route, how often', async () => {
    const [alice, bob] = await story.friends();
    story.wire.fate = ({ operation, from }) => (operation.op === 'frame' && from === 'alice' ? 'drop' : 'pass');
    const id = await send(alice, 'bob', 'on its way');
    await reaches([alice], { from: alice, id, state: 'sent' });
    story.wire.cut('bob');
    await until(() => story.wire.framesOf('alice').length >= 2);
    story.wire.fate = () => 'pass';
    story.wire.cut('bob');
    await allReach([alice, bob], { from: alice, ids: [id] });
    const { steps, attempts } = await trackOf(alice, id);
    expect(attempts).toBeGreaterThanOrEqual(2);
    const [first, again] = steps.filter(({ state }) => state.startsWith('sent'));
    expect([first, again]).toMatchObject([
      { state: 'sent', attempt: 1, route: 'inbound wire bob' },
      { state: 'sent again', attempt: attempts },
    ]);
    expect(again?.at).toBeGreaterThanOrEqual(first?.at ?? Infinity);
  });

  test('say when it was encrypted again, because the session is gone', async () => {
    const [alice, bob] = await story.friends();
    const { of } = watchSteps(alice);
    story.wire.fate = ({ frame, from }) => (from === 'alice' && frame?.kind === 'app' ? 'drop' : 'pass');
    const id = await send(alice, 'bob', 'twice sealed');
    await reaches([alice], { from: alice, id, state: 'sent' });
    // Bob lost his state: he does not know the session any more.
    await bob.host.desk.ports.store.transact((tx) => tx.sessions.deleteSessionsOf('bob', alice.agentId));
    bob.host.lane(alice.agentId).forgetSessions();
    story.wire.fate = () => 'pass';
    story.wire.cut('bob');
    await allReach([alice, bob], { from: alice, ids: [id] });
    await quiet(alice, bob);
    await until(() => of(id).includes('delivered'));
    // How often the old frame was sent before it was refused depends on the moment.
    const told = of(id).filter((step, n, all) => step !== all[n - 1]);
    expect(told).toEqual(['queued', 'sealed', 'sent', 'unsealed', 'sealed', 'sent', 'delivered']);
    expect(await stepsOf(alice, id)).toEqual(['queued', 'sealed', 'sent', 'sealed again', 'sent again', 'delivered']);
  });

  test('say why a message does not go on', async () => {
    const [alice, bob] = await story.friends();
    const { courier } = alice.host.lane(bob.agentId);
    await leave(bob, alice);
    const id = await send(alice, 'bob', 'later');
    await until(() => courier.status().lastError !== undefined);
    expect(await trackOf(alice, id)).toMatchObject({
      state: 'queued',
      waits: { code: 'UNREACHABLE', message: 'Nothing listens there' },
    });
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect((await trackOf(alice, id)).waits).toBeUndefined();
  });

  test('name what a contact that is blocked does to what waits: refused by this node', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const { of } = watchSteps(alice);
    const id = await send(alice, 'bob', 'never mind');
    await alice.api.block({ contact: 'bob' }, { signal });
    await until(() => of(id).includes('refused'));
    const { steps, state, reason } = await trackOf(alice, id);
    expect({ state, reason }).toEqual({ state: 'refused', reason: 'CONTACT_BLOCKED' });
    expect(steps.at(-1)).toMatchObject({ state: 'refused', by: 'this node', proof: 'local' });
  });
});
