import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '#kernel';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll } from '../support/memory-story.ts';
import { PostOffice } from '../support/post-office.ts';
import { seededRandom } from '../support/session-fixtures.ts';
import { inboxTexts, patient, reaches, send, stateOf, until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let office = new PostOffice();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  office = new PostOffice();
});

const routeOf = (from: MemoryNode, to: MemoryNode): string | undefined =>
  from.host.lane(to.agentId).courier.link?.route;

/** Alice and Bob, peers of before, neither of whom can be called any more: what they say goes through the post office. */
async function apart(options: Parameters<MemoryStory['friends']>[0] = {}): Promise<readonly [MemoryNode, MemoryNode]> {
  const [alice, bob] = await story.friends({
    alice: { ...options.alice, postOffice: office },
    bob: { ...options.bob, postOffice: office },
  });
  story.wire.hidden.add('alice').add('bob');
  story.wire.cut('alice');
  return [alice, bob];
}

describe('agents that cannot call each other', () => {
  test('send, answer and confirm through a mailbox', async () => {
    const [alice, bob] = await apart({ bob: { runtime: handledBy(({ message }) => `echo ${message.payload.body}`) } });
    const { answer } = await alice.api.ask({ to: 'bob', text: 'ping', timeoutMs: 20_000 }, { signal });
    expect(answer.body).toBe('echo ping');
    await quiet(alice, bob);
    expect(routeOf(alice, bob)).toBe('hub http://hub.test');
    await until(() => office.waiting(alice.agentId) + office.waiting(bob.agentId) === 0);
  });

  test('see that a message is stored while the other is away, and delivered when it is back', async () => {
    const [alice, bob] = await apart();
    await bob.down();
    const id = await send(alice, 'bob', 'for later');
    await reaches([alice], { from: alice, id, state: 'stored' });
    const { steps } = await alice.api.track({ id }, { signal });
    expect(steps.at(-1)).toMatchObject({ state: 'stored', by: 'hub', proof: 'receipt', note: office.id });
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'for later']);
  });

  test('get more messages than a link takes unanswered, in order, also when the sender is gone meanwhile', async () => {
    const [alice, bob] = await apart({ alice: { limits: { inFlightFrames: 4, leaseBatch: 2, slowRetryMs: 60_000 } } });
    await bob.down();
    const texts = numbered('m', 60);
    const ids = await sendAll(alice, 'bob', texts);
    await eventually([alice], async () => {
      const states = await Promise.all(ids.map((id) => stateOf(alice, id)));
      return states.every((state) => state === 'stored');
    });
    await alice.down();
    await bob.up();
    await eventually([bob], async () => (await inboxTexts(bob)).length === 61);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    await alice.up();
    await allReach([alice, bob], { from: alice, ids });
    await quiet(alice, bob);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('lose, double and reorder nothing when both crash again and again', async () => {
    const [alice, bob] = await apart();
    const texts: string[] = [];
    const ids: string[] = [];
    for (let round = 0; round < 8; round += 1) {
      const some = numbered(`r${round}.`, 12);
      texts.push(...some);
      ids.push(...(await sendAll(alice, 'bob', some)));
      const [victim] = round % 2 === 0 ? [bob] : [alice];
      victim.crash();
      await victim.up();
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('go over to a link of their own when there is one, and back, without loss, duplicate or reordering', async () => {
    const [alice, bob] = await apart();
    const texts = numbered('m', 300);
    const ids: string[] = [];
    for (let n = 0; n < texts.length; n += 30) {
      ids.push(...(await sendAll(alice, 'bob', texts.slice(n, n + 30))));
      if (n === 90) {
        story.wire.hidden.clear();
        bob.host.lane(alice.agentId).courier.hangUp();
        await until(() => routeOf(alice, bob) !== 'hub http://hub.test');
      }
      if (n === 180) {
        story.wire.hidden.add('alice').add('bob');
        story.wire.cut('alice');
      }
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('wait while the hub is gone, and go on when it is back', async () => {
    const [alice, bob] = await apart();
    office.vanish();
    const id = await send(alice, 'bob', 'patience');
    expect(await stateOf(alice, id)).toBe('queued');
    office.comeBack();
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
  });

  test('say again what a hub that asks for time waits for, also when it is an answer', async () => {
    const [alice, bob] = await apart();
    let awaited: string | undefined;
    let refusals = 0;
    // As spec 12.4 has it: nothing of that sender is taken before the frame that was refused comes again.
    office.refuse = ({ from, id, kind }) => {
      if (from !== bob.agentId) return undefined;
      if (awaited === undefined && kind === 'answer' && refusals < 3) awaited = id;
      else if (awaited === undefined || awaited === id) {
        awaited = undefined;
        return undefined;
      }
      refusals += 1;
      return { kind: 'refused', code: 'RATE_LIMITED', retryAfterMs: 5 };
    };
    for (let round = 0; round < 6; round += 1) {
      const id = await send(alice, 'bob', `m${round}`);
      await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    }
    await quiet(alice, bob);
    expect(refusals).toBeGreaterThan(2);
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 6)]);
  });

  test('wait for room in a mailbox that is full, in order', async () => {
    const [alice, bob] = await apart();
    const peer = bob.agentId;
    await bob.down();
    const full = { kind: 'refused', code: 'MAILBOX_FULL', retryAfterMs: 100 } as const;
    office.refuse = () => (office.waiting(peer) < 2 ? undefined : full);
    const ids: string[] = [];
    for (const text of numbered('m', 6)) ids.push(await send(alice, 'bob', text));
    await eventually([alice], async () => {
      const { held } = await alice.api.contact({ contact: 'bob' }, { signal });
      return held?.code === 'MAILBOX_FULL';
    });
    const states = await Promise.all(ids.map((id) => stateOf(alice, id)));
    expect(states.filter((state) => !['stored', 'sent', 'queued'].includes(state))).toEqual([]);
    expect(states.filter((state) => state === 'stored').length).toBeLessThan(3);
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 6)]);
  });
});

describe('a hub that lies', () => {
  const lies = [
    ['loses frames', 'lose'],
    ['hands out frames twice', 'twice'],
    ['hands out newer frames first', 'first'],
  ] as const;
  for (const [what, lie] of lies) {
    test(`and ${what} costs time, and no message its place`, async () => {
      const limits = { mailRepeatMs: 20, mailMaxRepeatMs: 50 };
      const [alice, bob] = await apart({ alice: { limits }, bob: { limits } });
      const random = seededRandom(what);
      office.treat = () => (random.fraction() < 0.3 ? lie : 'keep');
      const texts = numbered('m', 30);
      const ids: string[] = [];
      for (const text of texts) ids.push(await send(alice, 'bob', text));
      await allReach([alice, bob], { from: alice, ids });
      expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    });
  }

  test('and hands out old frames again changes nothing', async () => {
    const [alice, bob] = await apart();
    const ids = await sendAll(alice, 'bob', numbered('m', 10));
    await allReach([alice, bob], { from: alice, ids });
    await quiet(alice, bob);
    for (const frame of office.seen) office.replay(frame);
    const id = await send(alice, 'bob', 'last');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 10), 'last']);
  });
});

describe('a contact request', () => {
  const strangers = async (clock?: ManualClock): Promise<readonly [MemoryNode, MemoryNode]> => {
    const options = { postOffice: office, ...(clock === undefined ? {} : { clock, limits: patient }) };
    story.wire.hidden.add('alice').add('bob');
    return [await story.start('alice', options), await story.start('bob', options)];
  };

  const cardOf = (node: MemoryNode) =>
    JSON.parse(new TextDecoder().decode(node.host.cardBytes())) as Record<string, unknown>;
  const ask = (from: MemoryNode, card: Record<string, unknown>) =>
    from.api.request({ target: card, purpose: 'to compare notes' }, { signal });
  const waitingAt = async (node: MemoryNode) =>
    (await node.api.requests({}, { signal })).requests.filter(({ direction }) => direction === 'in');

  test('reaches an agent that is away, its answer the one that asked, and then they talk', async () => {
    const [alice, bob] = await strangers();
    const card = cardOf(bob);
    await bob.down();
    await ask(alice, card);
    await until(() => office.seen.some(({ kind }) => kind === 'request'));
    await alice.down();
    await bob.up();
    const [request] = await eventually([bob], async () => {
      const waiting = await waitingAt(bob);
      return waiting.length > 0 && waiting;
    });
    expect(request).toMatchObject({ purpose: 'to compare notes' });
    await bob.api.approve({ id: request?.id ?? '' }, { signal });
    await until(() => office.seen.some(({ kind }) => kind === 'accept'));
    await alice.up();
    const trusts = async (node: MemoryNode, peer: string) =>
      (await node.api.contact({ contact: peer }, { signal })).state === 'trusted';
    await eventually([alice, bob], () => trusts(alice, 'bob'));
    const id = await send(alice, 'bob', 'nice to meet you');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await quiet(alice, bob);
    await until(() => bob.host.contact(alice.agentId)?.pending === undefined);
  });

  test('is said again when the hub lost it, as is its answer', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await strangers(clock);
    const lost = new Set<string>();
    office.treat = ({ kind }) => (lost.has(kind) ? 'keep' : (lost.add(kind), 'lose'));
    await ask(alice, cardOf(bob));
    await until(() => lost.has('request'));
    const later = async <T>(look: () => Promise<T | false>): Promise<T> => {
      await clock.advance(defaultLimits.mailRepeatMs);
      await story.settled();
      return (await look()) || (await later(look));
    };
    const [request] = await later(async () => {
      const waiting = await waitingAt(bob);
      return waiting.length > 0 && waiting;
    });
    await bob.api.approve({ id: request?.id ?? '' }, { signal });
    await until(() => lost.has('accept'));
    await later(async () => {
      const contacts = await alice.api.contact({ contact: 'bob' }, { signal });
      return contacts.state === 'trusted';
    });
    await later(async () => bob.host.contact(alice.agentId)?.pending === undefined);
    expect([...lost]).toContain('accept');
  });

  test('is taken days later, and not a second time', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await strangers(clock);
    const card = cardOf(bob);
    await bob.down();
    await ask(alice, card);
    await until(() => office.seen.some(({ kind }) => kind === 'request'));
    await clock.advance(3 * 24 * 3_600_000);
    await bob.up();
    const [request] = await eventually([bob], async () => {
      const waiting = await waitingAt(bob);
      return waiting.length > 0 && waiting;
    });
    await bob.api.reject({ id: request?.id ?? '' }, { signal });
    for (const frame of office.seen) office.replay(frame);
    await until(() => office.waiting(bob.agentId) === 0);
    expect(await waitingAt(bob)).toEqual([]);
  });
});
