import { afterEach, describe, expect, test } from 'vitest';
import { Circle } from '../support/budget-story.ts';
import { allReach, MemoryStory, numbered, sendAll, turns } from '../support/memory-story.ts';
import { codeOfRejection, reaches, stateOf, until } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const textsAt = (circle: Circle, at: string): readonly string[] =>
  circle.turns.filter((turn) => turn.at === at).map(({ message }) => message.payload.body);

describe('mesh pause', () => {
  test('holds everything that waits, over a restart, and resume goes on with it in order', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    expect(await bob.api.pause({ reason: 'a loop' }, { signal })).toMatchObject({ pauses: [{ reason: 'a loop' }] });
    const ids = await sendAll(alice, 'bob', numbered('m', 5));
    await allReach([alice, bob], { from: alice, ids });
    await bob.down();
    await bob.up();
    const [later = ''] = await sendAll(alice, 'bob', ['last']);
    await allReach([alice, bob], { from: alice, ids: [later] });
    await turns();
    expect(circle.turns).toEqual([]);
    expect(await stateOf(alice, later)).toBe('delivered');
    expect(await bob.api.status({}, { signal })).toMatchObject({
      pauses: [{ reason: 'a loop' }],
      warnings: [{ code: 'PAUSED' }],
    });
    expect((await bob.api.inbox({}, { signal })).paused).toMatchObject({ reason: 'a loop' });
    expect((await bob.api.doctor({}, { signal })).findings).toContainEqual(expect.objectContaining({ check: 'pause' }));
    expect(await bob.api.resume({}, { signal })).toMatchObject({
      pauses: [],
      ended: [{ reason: 'a loop' }],
      waiting: 6,
    });
    await until(() => circle.turns.length === 6);
    expect(textsAt(circle, 'bob')).toEqual([...numbered('m', 5), 'last']);
    await circle.atRest();
    expect(await bob.api.status({}, { signal })).not.toHaveProperty('pauses');
    expect(circle.turns.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  test('stops a program in the middle of what it was given: the turn that runs may end and answer, the next does not begin', async () => {
    const gate = Promise.withResolvers<void>();
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at, message }) => {
        if (at !== 'bob') return undefined;
        await gate.promise;
        return `answer to ${message.payload.body}`;
      },
    });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    await bob.down();
    const ask = (text: string) => alice.api.send({ to: 'bob', text, type: 'request' }, { signal });
    const sent = [await ask('one'), await ask('two'), await ask('three')];
    await bob.up();
    const [first = '', ...rest] = sent.map(({ id }) => id);
    await until(() => circle.turns.length === 1);
    await allReach([alice, bob], { from: alice, ids: rest });
    await bob.api.pause({}, { signal });
    gate.resolve();
    await reaches([alice, bob], { from: alice, id: first, state: 'answered' });
    await turns();
    expect(textsAt(circle, 'bob')).toEqual(['one']);
    await bob.api.resume({}, { signal });
    for (const id of rest) await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect(textsAt(circle, 'bob')).toEqual(['one', 'two', 'three']);
    expect(circle.turns.filter(({ at }) => at === 'bob').every(({ attempt }) => attempt === 1)).toBe(true);
  });

  test('refuses what programs send, and nothing that a person sends', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const { id } = await alice.api.send({ to: 'bob', text: 'well?', type: 'request' }, { signal });
    await circle.atRest();
    await bob.api.pause({}, { signal });
    const say = (root?: true) => codeOfRejection(bob.api.send({ to: 'alice', text: 'x', root }, { signal }));
    const ask = codeOfRejection(bob.api.ask({ to: 'alice', text: 'x', timeoutMs: 1000 }, { signal }));
    const reply = (root?: true) => codeOfRejection(bob.api.reply({ id, text: 'x', root }, { signal }));
    expect([await say(), await ask, await reply()]).toEqual(['PAUSED', 'PAUSED', 'PAUSED']);
    expect([await say(true), await reply(true)]).toEqual(['no error', 'no error']);
    await bob.api.resume({}, { signal });
    expect(await say()).toBe('no error');
  });

  test('of one agent is lifted alone, and not while the whole node is paused', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const bob = circle.named('bob');
    await bob.api.pause({ agent: 'bob' }, { signal });
    await bob.api.pause({}, { signal });
    expect(await codeOfRejection(bob.api.resume({ agent: 'bob' }, { signal }))).toBe('WRONG_STATE');
    expect((await bob.api.resume({}, { signal })).ended).toHaveLength(2);
    await bob.api.pause({ agent: 'bob' }, { signal });
    const { pauses, ended } = await bob.api.resume({ agent: 'bob' }, { signal });
    expect({ pauses, ended }).toMatchObject({ pauses: [], ended: [{ agent: 'bob' }] });
    expect((await bob.api.resume({}, { signal })).ended).toEqual([]);
  });

  test('holds at once also when the disk cannot take it, and says so', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    void bob.store.refuse((writes) => writes.length === 0, { code: 'STORE_FULL', times: 1 });
    expect(await codeOfRejection(bob.api.pause({}, { signal }))).toBe('STORE_FULL');
    const ids = await sendAll(alice, 'bob', ['m']);
    await allReach([alice, bob], { from: alice, ids });
    await turns();
    expect(circle.turns).toEqual([]);
    await bob.api.resume({}, { signal });
    await until(() => circle.turns.length === 1);
  });

  test('is told as an event', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const bob = circle.named('bob');
    const seen: string[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for await (const { type } of bob.node.events.subscribe({ signal: stop.signal })) seen.push(type);
    })().catch(() => undefined);
    await bob.api.pause({}, { signal });
    await bob.api.resume({}, { signal });
    await until(() => seen.includes('resumed'));
    expect(seen.filter((type) => type === 'paused' || type === 'resumed')).toEqual(['paused', 'resumed']);
    stop.abort();
    await following;
  });
});
