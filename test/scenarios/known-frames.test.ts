import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryStory, quiet } from '../support/memory-story.ts';
import { reaches, send, stateOf, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

describe('what a peer has already', () => {
  test('is not shown as refused because its sender was removed before the answer arrived', async () => {
    const [alice, bob] = await story.friends();
    // Bob's answer is lost with the link, and neither reaches the other for a while.
    story.wire.fate = ({ from, operation }) => (from === 'bob' && operation.op === 'delivered' ? 'cut' : 'pass');
    for (const name of ['alice', 'bob']) story.wire.hidden.add(name);
    const id = await send(alice, 'bob', 'there it is');
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 10 }).length === 2);
    await until(() => alice.host.lane(bob.agentId).courier.link === undefined);
    await bob.api.remove({ contact: 'alice' }, { signal });
    story.wire.fate = () => 'pass';
    story.wire.hidden.delete('bob');
    alice.host.lane(bob.agentId).courier.retryNow();
    const [frame] = story.wire.framesOf('alice').slice(-1);
    await until(() => {
      const answers = story.wire.answersOf('bob');
      return answers.some(
        (answer) => 'frameId' in answer && answer.frameId === frame?.frame?.id && answer !== answers[0],
      );
    });
    expect(story.wire.answersOf('bob').map(({ op }) => op)).toEqual(['delivered', 'delivered']);
    await quiet(alice);
    expect(await stateOf(alice, id)).toBe('sent');
  });

  test('is told to a sender that was set back to an older copy of its database: seen, and the answer', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: handledBy(() => 'done') } });
    for (const name of ['alice', 'bob']) story.wire.hidden.add(name);
    story.wire.cut('bob');
    await until(() => alice.host.lane(bob.agentId).courier.status().link === 'down');
    const { id } = await alice.api.send({ to: 'bob', text: 'do it', type: 'request' }, { signal });
    await alice.down();
    const database = join(alice.dir, 'mesh.db');
    copyFileSync(database, `${database}.copy`);
    story.wire.hidden.clear();
    await alice.up();
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    await alice.down();
    copyFileSync(`${database}.copy`, database);
    await alice.up();
    expect(await stateOf(alice, id)).toBe('queued');
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    expect(bob.store.read.inbox.list({ agent: 'bob', limit: 10 }).length).toBe(2);
  });
});
