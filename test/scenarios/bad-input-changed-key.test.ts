import { afterEach, describe, expect, test } from 'vitest';
import { HostilePeer } from '../support/hostile-peer.ts';
import { codeOfRejection, inboxTexts, reaches, send, stateOf, Story, stillTalk } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();

afterEach(() => story[Symbol.asyncDispose]());

const contactOf = async (node: TestNode, name: string) => node.api.contact({ contact: name }, { signal });
const reasonOf = async (node: TestNode, id: string) => (await node.api.track({ id }, { signal })).reason;

interface Three {
  readonly alice: TestNode;
  readonly bob: TestNode;
  readonly carol: TestNode;
}

/** Alice has two peers; Carol is the one that nothing happens to. */
async function three(): Promise<Three> {
  const [alice, bob, carol] = [await story.start('alice'), await story.start('bob'), await story.start('carol')];
  await pair(alice, bob);
  await pair(alice, carol);
  await stillTalk(alice, bob);
  await stillTalk(bob, alice);
  return { alice, bob, carol };
}

/** Bob lost his folder and began anew, and Alice's node noticed. */
async function bobBeginsAnew({ alice, bob }: Three): Promise<void> {
  await bob.forgetEverything();
  await bob.up();
  await eventually([alice, bob], async () => (await contactOf(alice, 'bob')).state === 'changed');
}

/** Alice trusts the new key, and Bob, who knows nobody any more, trusts Alice. */
async function bothApprove({ alice, bob }: Three): Promise<void> {
  await alice.api.approveChange({ contact: 'bob' }, { signal });
  const request = await eventually([alice, bob], async () => (await bob.api.requests({}, { signal })).requests[0]);
  await bob.api.approve({ id: request.id, tier: 'trusted' }, { signal });
  await eventually([alice, bob], async () => (await contactOf(alice, 'bob')).state === 'trusted');
}

describe('a peer that shows another key', () => {
  test('is frozen: nothing is sent to it until a person approves the new key, and then all that waited', async () => {
    const all = await three();
    const { alice, bob, carol } = all;
    const before = await contactOf(alice, 'bob');
    await bob.down();
    const waiting = [await send(alice, 'bob', 'one'), await send(alice, 'bob', 'two')];
    await bobBeginsAnew(all);

    const changed = await contactOf(alice, 'bob');
    expect(changed).toMatchObject({ agentId: before.agentId, candidate: { agentId: bob.host.agent.agentId } });
    expect(await codeOfRejection(send(alice, 'bob', 'three'))).toBe('CONTACT_CHANGED');
    const { warnings } = await alice.api.status({}, { signal });
    expect(warnings).toContainEqual(
      expect.objectContaining({ code: 'CONTACT_CHANGED', hint: expect.stringContaining('mesh approve bob') }),
    );
    await stillTalk(alice, carol);
    await stillTalk(carol, alice);
    expect(await Promise.all(waiting.map((id) => stateOf(alice, id)))).toEqual(['queued', 'queued']);
    expect(await bob.api.requests({}, { signal })).toEqual({ requests: [] });
    expect(await inboxTexts(bob)).toEqual([]);

    await bothApprove(all);
    expect((await contactOf(alice, 'bob')).agentId).toBe(bob.host.agent.agentId);
    await stillTalk(alice, bob);
    await stillTalk(bob, alice);
    expect((await inboxTexts(bob)).slice(0, 2)).toEqual(['one', 'two']);
    expect(await Promise.all(waiting.map((id) => stateOf(alice, id)))).toEqual(['delivered', 'delivered']);
  });

  test('gets sealed anew what was on its way under the old key', async () => {
    const all = await three();
    const { alice, bob } = all;
    // A frame that Bob's node took and could not store is on its way for Alice.
    const { store } = bob.node.parts;
    const transact = store.transact.bind(store);
    Object.assign(store, { transact: () => Promise.reject(Object.assign(new Error('full'), { code: 'STORE_FULL' })) });
    const id = await send(alice, 'bob', 'on its way');
    await eventually([alice, bob], async () => (await stateOf(alice, id)) === 'sent');
    Object.assign(store, { transact });
    expect(alice.node.parts.store.read.outbox.frames('alice', bob.host.agent.agentId)).not.toEqual([]);
    await bob.down();
    await bobBeginsAnew(all);
    await bothApprove(all);
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['on its way']);
    await stillTalk(bob, alice);
  });

  test('keeps its old key when a person says so, and an impostor at its address got nothing', async () => {
    const all = await three();
    const { alice, bob, carol } = all;
    const port = Number(new URL(bob.endpoint).port);
    await bob.down();
    const id = await send(alice, 'bob', 'for the real Bob');
    const impostor = await story.start('bob', { config: { port } });
    await eventually([alice, impostor], async () => (await contactOf(alice, 'bob')).state === 'changed');
    await stillTalk(alice, carol);
    expect(await inboxTexts(impostor)).toEqual([]);
    await impostor.down();
    await bob.up();
    const refused = await send(bob, 'alice', 'it is me');
    await reaches([alice, bob], { from: bob, id: refused, state: 'refused' });
    expect(await reasonOf(bob, refused)).toBe('CONTACT_CHANGED');

    await alice.api.approveChange({ contact: 'bob', keepKey: true }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toContain('for the real Bob');
    await stillTalk(bob, alice);
    expect(await inboxTexts(alice)).not.toContain('it is me');
  });

  test('is not frozen by an agent of another name at its address', async () => {
    const { alice, bob } = await three();
    const port = Number(new URL(bob.endpoint).port);
    await bob.down();
    const id = await send(alice, 'bob', 'later');
    const other = await story.start('zoe', { config: { port } });
    await eventually([alice, other], async () => (await contactOf(alice, 'bob')).lastError?.code === 'UNKNOWN_AGENT');
    expect((await contactOf(alice, 'bob')).state).toBe('trusted');
    await other.down();
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
  });

  test('is not frozen by a stranger who only says to be it', async () => {
    const { alice, bob } = await three();
    const mallory = await HostilePeer.create('bob');
    const to = alice.host.agent.agentId;
    const frame = mallory.frame(to, { kind: 'request', bytes: await mallory.request(to) });
    expect(await mallory.tell(alice, frame)).toBe('delivered');
    const [request] = (await alice.api.requests({}, { signal })).requests;
    expect(request).toMatchObject({ agentId: mallory.agentId, name: 'bob', sameNameAs: 'bob' });
    expect(request?.petname).not.toBe('bob');
    expect((await contactOf(alice, 'bob')).agentId).toBe(bob.host.agent.agentId);
    await stillTalk(alice, bob);
  });
});
