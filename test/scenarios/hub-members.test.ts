import { describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { toUtf8 } from '#kernel';
import { encodeIncarnation, parseCard, signIncarnation } from '#identity';
import { failure } from '../support/failure.ts';
import { cardOf, fetchAll, HubWorld, mailFrom } from '../support/hub-world.ts';
import { agent, alice, bob, mallory, rotated } from '../support/link-agents.ts';

const secret = new Uint8Array(16).fill(3);
const refusal = async (work: Promise<unknown>): Promise<string> => (await failure(work)).code;
const namesIn = (cards: readonly Uint8Array[]): unknown[] =>
  cards.map((card) => (parseCard(card) as { name: unknown }).name);

async function withInvite(world: HubWorld): Promise<void> {
  const now = world.clock.now();
  const hash = createHash('sha256').update(secret).digest();
  await world.hub.parts.store.invites.create({ hash, note: '', createdAt: now, expiresAt: now + 1000 });
}

describe('who registers at a hub', () => {
  it('is found by others, with the card that it put', async () => {
    const world = await HubWorld.open();
    await world.member(alice, 'alice');
    const seen = await world.member(bob, 'bob');
    const card = cardOf(alice, 'alice');
    expect((await seen.ask({ op: 'card.get', agent: alice.agentId })).card).toEqual(card);
    expect(namesIn((await seen.ask({ op: 'directory' })).cards)).toEqual(['alice', 'bob']);
    expect(await refusal(seen.ask({ op: 'card.get', agent: mallory.agentId }))).toBe('UNKNOWN_AGENT');
  });

  it('is found by what its card says, whatever the case', async () => {
    const world = await HubWorld.open();
    const link = await world.link(alice);
    const capabilities = [{ id: 'code/review', description: 'Reviews TypeScript', tags: ['careful'] }];
    await link.ask({ op: 'card.put', card: cardOf(alice, 'alice', { capabilities, displayName: 'Alice A.' }) });
    await world.member(bob, 'bob');
    for (const search of ['typescript', 'CAREFUL', 'alice a.'])
      expect(namesIn((await link.ask({ op: 'directory', search })).cards)).toEqual(['alice']);
    expect(namesIn((await link.ask({ op: 'directory', capability: 'code/review' })).cards)).toEqual(['alice']);
    expect((await link.ask({ op: 'directory', search: 'poetry' })).cards).toEqual([]);
  });

  it('cannot take the name of another', async () => {
    const world = await HubWorld.open();
    await world.member(alice, 'alice');
    const link = await world.link(mallory);
    expect(await refusal(link.ask({ op: 'card.put', card: cardOf(mallory, 'alice') }))).toBe('NAME_TAKEN');
    await link.ask({ op: 'card.put', card: cardOf(mallory, 'mallory') });
    expect(await refusal(link.ask({ op: 'card.put', card: cardOf(mallory, 'alice', { seq: 2 }) }))).toBe('NAME_TAKEN');
  });

  it('can put nobody else’s card, none that is forged or expired, and none from before', async () => {
    const world = await HubWorld.open();
    const link = await world.member(alice, 'alice');
    const put = (card: Uint8Array) => refusal(link.ask({ op: 'card.put', card }));
    expect(await put(cardOf(bob, 'bob'))).toBe('CARD_ID_MISMATCH');
    expect(await put(toUtf8('{}'))).toBe('CARD_INVALID');
    const changed = toUtf8(Buffer.from(cardOf(alice, 'alice')).toString().replace('"alice"', '"alicf"'));
    expect(await put(changed)).toBe('SIGNATURE_INVALID');
    const now = world.clock.now();
    expect(await put(cardOf(alice, 'alice', { createdAt: now - 10, expiresAt: now }))).toBe('CARD_EXPIRED');
    expect(await put(cardOf(alice, 'alice', { seq: 0 }))).toBe('CARD_ROLLBACK');
  });

  it('needs an invite where one is asked for, and each admits one agent', async () => {
    const world = await HubWorld.open({ admission: { kind: 'invite' } });
    await withInvite(world);
    const link = await world.link(alice);
    const card = cardOf(alice, 'alice');
    expect(await refusal(link.ask({ op: 'card.put', card }))).toBe('NOT_ADMITTED');
    expect(await refusal(link.ask({ op: 'card.put', card, invite: new Uint8Array(16) }))).toBe('INVITE_INVALID');
    await link.ask({ op: 'card.put', card, invite: secret });
    const other = await world.link(bob);
    const put = { op: 'card.put', card: cardOf(bob, 'bob'), invite: secret } as const;
    expect(await refusal(other.ask(put))).toBe('INVITE_USED');
  });

  it('must be on the allowlist where there is one', async () => {
    const allowlist = new Set([alice.agentId]);
    const world = await HubWorld.open({ admission: { kind: 'allowlist', allowlist } });
    await world.member(alice, 'alice');
    const link = await world.link(bob);
    expect(await refusal(link.ask({ op: 'card.put', card: cardOf(bob, 'bob') }))).toBe('NOT_ADMITTED');
  });

  it('is asked for no more once it is evicted, and its link ends', async () => {
    const world = await HubWorld.open();
    const link = await world.member(alice, 'alice');
    expect(await world.hub.evict(alice.agentId)).toBe(true);
    expect((await link.closed)?.code).toBe('NOT_ADMITTED');
    const again = await world.link(alice);
    expect(await refusal(again.ask(fetchAll))).toBe('NOT_ADMITTED');
    expect(await refusal(again.ask({ op: 'card.put', card: cardOf(alice, 'alice') }))).toBe('NOT_ADMITTED');
    expect(await world.hub.evict(alice.agentId)).toBe(false);
  });
});

describe('a guest', () => {
  const opened = async (guests: boolean) => {
    const world = await HubWorld.open({ admission: { kind: 'invite', guests } });
    await withInvite(world);
    const member = await world.link(bob);
    await member.ask({ op: 'card.put', card: cardOf(bob, 'bob'), invite: secret });
    return { world, member, guest: await world.link(alice) };
  };

  it('writes to members, and gets their cards and key packages, but nothing else', async () => {
    const { member, guest } = await opened(true);
    await member.ask({ op: 'keypackage.put', packages: [Uint8Array.of(1)] });
    expect(await guest.sendFrame(mailFrom(alice, bob))).toMatchObject({ kind: 'stored' });
    expect((await guest.ask({ op: 'keypackage.take', agent: bob.agentId })).bytes).toEqual(Uint8Array.of(1));
    expect((await guest.ask({ op: 'card.get', agent: bob.agentId })).card.length).toBeGreaterThan(0);
    expect(await guest.sendFrame(mailFrom(alice, mallory))).toEqual({ kind: 'refused', code: 'UNKNOWN_AGENT' });
    const room = { room: secret, members: [alice.agentId], owners: [alice.agentId] };
    const put = { op: 'blob.put', blob: new Uint8Array(32), to: [bob.agentId], offset: 0, size: 1 } as const;
    for (const question of [
      fetchAll,
      { op: 'directory' },
      { op: 'presence', agents: [bob.agentId] },
      { op: 'keypackage.put', packages: [] },
      { op: 'room.create', ...room },
      put,
    ] as const)
      expect(await refusal(guest.ask(question))).toBe('NOT_ADMITTED');
  });

  it('writes to nobody where guests are not allowed', async () => {
    const { guest, member } = await opened(false);
    expect(await guest.sendFrame(mailFrom(alice, bob))).toEqual({ kind: 'refused', code: 'NOT_ADMITTED' });
    expect((await member.ask(fetchAll)).items).toEqual([]);
    // A member has more than the one frame of a stranger.
    for (let sent = 0; sent < 3; sent += 1)
      expect(await member.sendFrame(mailFrom(bob, bob))).toMatchObject({ kind: 'stored' });
  });

  it('takes no connection from members, however many keys it makes', async () => {
    const world = await HubWorld.open({ limits: { maxHubGuestLinks: 2 } });
    const member = await world.member(bob, 'bob');
    const guests = [];
    for (const seed of [50, 51, 52]) {
      const self = agent(seed);
      const link = await world.link(self);
      expect(await link.sendFrame(mailFrom(self, bob))).toMatchObject({ kind: 'stored' });
      guests.push(link);
    }
    expect((await guests[0]?.closed)?.code).toBe('RATE_LIMITED');
    expect((await member.ask(fetchAll)).items).toHaveLength(3);
    await guests[1]?.ask({ op: 'card.put', card: cardOf(agent(51), 'carol') });
    await world.link(alice);
    expect((await member.ask({ op: 'presence', agents: [agent(51).agentId, agent(52).agentId] })).online).toHaveLength(
      2,
    );
  });

  it('cannot fill the mailbox of a member', async () => {
    const world = await HubWorld.open({ limits: { maxMailboxFrames: 20 } });
    const member = await world.member(bob, 'bob');
    const kinds = [];
    for (const seed of [50, 51, 52, 53]) {
      const self = agent(seed);
      const guest = await world.link(self);
      kinds.push((await guest.sendFrame(mailFrom(self, bob))).kind);
    }
    expect(kinds).toEqual(['stored', 'stored', 'refused', 'refused']);
    expect(await member.sendFrame(mailFrom(bob, bob))).toMatchObject({ kind: 'stored' });
  });
});

describe('an agent with a new key', () => {
  it('finds its mailbox and name under the new id, and frames to the earlier one arrive', async () => {
    const world = await HubWorld.open();
    const sender = await world.member(alice, 'alice');
    await world.member(bob, 'bob');
    const frames = [mailFrom(alice, bob), mailFrom(alice, bob)];
    await sender.sendFrame(frames[0] ?? mailFrom(alice, bob));
    const next = rotated(bob, 60);
    const link = await world.link(next);
    expect((await link.ask(fetchAll)).items).toHaveLength(1);
    await sender.sendFrame(frames[1] ?? mailFrom(alice, bob));
    expect((await link.ask(fetchAll)).items).toHaveLength(2);
    await link.ask({ op: 'card.put', card: cardOf(next, 'bob', { seq: 2 }) });
    expect((await sender.ask({ op: 'card.get', agent: bob.agentId })).card).toEqual(cardOf(next, 'bob', { seq: 2 }));
  });

  it('has nothing to fear from who stole the earlier one', async () => {
    const world = await HubWorld.open();
    const sender = await world.member(alice, 'alice');
    await world.member(bob, 'bob');
    const next = rotated(bob, 60);
    const link = await world.link(next);
    await sender.sendFrame(mailFrom(alice, bob));
    const { items, epoch } = await link.ask(fetchAll);
    const thief = await world.link(bob);
    expect(await refusal(thief.ask(fetchAll))).toBe('NOT_ADMITTED');
    expect(await refusal(thief.ask({ op: 'keypackage.put', packages: [secret] }))).toBe('NOT_ADMITTED');
    thief.ack({ epoch, upTo: items[0]?.cursor ?? 0 });
    expect(await refusal(thief.ask({ op: 'card.put', card: cardOf(bob, 'bob', { seq: 3 }) }))).toBe('NOT_ADMITTED');
    expect((await link.ask(fetchAll)).items).toEqual(items);
  });
});

describe('two nodes of one agent', () => {
  it('take turns: the newer connection ends the older, which is told why', async () => {
    const world = await HubWorld.open();
    const first = await world.member(alice, 'alice');
    const second = await world.link(alice);
    expect((await first.closed)?.code).toBe('LINK_REPLACED');
    expect((await second.ask(fetchAll)).items).toEqual([]);
    expect(world.hub.links.size).toBe(1);
  });

  it('are told apart when one was restored: the earlier life is shown the later one', async () => {
    const world = await HubWorld.open();
    await world.member(alice, 'alice');
    const incarnation = signIncarnation(alice.root, { number: 5, id: new Uint8Array(16), asOf: 1 });
    const restored = await world.link({ ...alice, incarnation });
    await restored.ask(fetchAll);
    const old = await world.link(alice);
    const ended = await old.closed;
    expect(ended).toMatchObject({
      code: 'SUPERSEDED',
      data: { proof: Uint8Array.from(encodeIncarnation(incarnation)) },
    });
    const again = await world.link({ ...alice, incarnation });
    expect((await again.ask(fetchAll)).items).toEqual([]);
  });
});

describe('presence', () => {
  it('says who is linked, and nothing of who is not', async () => {
    const world = await HubWorld.open();
    const link = await world.member(alice, 'alice');
    const other = await world.member(bob, 'bob');
    const agents = [bob.agentId, mallory.agentId, alice.agentId];
    expect((await link.ask({ op: 'presence', agents })).online).toEqual([bob.agentId, alice.agentId]);
    other.close();
    await other.closed;
    await world.clock.turn();
    await world.clock.turn();
    expect((await link.ask({ op: 'presence', agents })).online).toEqual([alice.agentId]);
  });
});

describe('key packages', () => {
  it('go to one asker each, and nobody drains them', async () => {
    const world = await HubWorld.open({ limits: { hubPackagesPerHour: 3 } });
    const owner = await world.member(bob, 'bob');
    const packages = Array.from({ length: 10 }, (_, byte) => Uint8Array.of(byte));
    expect(await owner.ask({ op: 'keypackage.put', packages, lastResort: Uint8Array.of(99) })).toMatchObject({
      have: 10,
    });
    const greedy = await world.member(mallory, 'mallory');
    const take = { op: 'keypackage.take', agent: bob.agentId } as const;
    for (const byte of [0, 1, 2]) expect((await greedy.ask(take)).bytes).toEqual(Uint8Array.of(byte));
    const refused = await failure(greedy.ask(take));
    expect(refused.code).toBe('RATE_LIMITED');
    expect(refused.data['retryAfterMs']).toBeGreaterThan(0);
    const honest = await world.member(alice, 'alice');
    expect((await honest.ask(take)).bytes).toEqual(Uint8Array.of(3));
    expect(await owner.ask({ op: 'keypackage.put', packages: [] })).toMatchObject({ have: 6 });
    expect(await refusal(greedy.ask({ op: 'keypackage.take', agent: alice.agentId }))).toBe('NO_KEY_PACKAGE');
  });
});

describe('questions', () => {
  it('that get nothing, and looks into the directory, are bounded too', async () => {
    const world = await HubWorld.open({ limits: { hubQuestionBurst: 4, hubSearchBurst: 2 } });
    const link = await world.member(alice, 'alice');
    const codes = async (ask: () => Promise<unknown>): Promise<readonly string[]> =>
      (await Promise.allSettled(Array.from({ length: 4 }, ask))).map(({ status }) => status);
    expect(await codes(() => link.ask({ op: 'directory' }))).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    await world.clock.advance(10_000);
    expect((await codes(() => link.ask(fetchAll))).filter((status) => status === 'fulfilled')).toHaveLength(4);
    expect(await refusal(link.ask(fetchAll))).toBe('RATE_LIMITED');
    await link.sendFrame(mailFrom(alice, alice));
    expect((await link.ask(fetchAll)).items).toHaveLength(1);
  });

  it('may not come faster than the hub allows, and others are not slowed by it', async () => {
    const world = await HubWorld.open({ limits: { hubQuestionBurst: 5, hubQuestionsPerSecond: 1 } });
    const greedy = await world.member(mallory, 'mallory');
    const honest = await world.member(alice, 'alice');
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => greedy.ask({ op: 'directory' })));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect((await honest.ask({ op: 'directory' })).cards).toHaveLength(2);
    await world.clock.advance(1000);
    expect((await greedy.ask({ op: 'directory' })).cards).toHaveLength(2);
  });
});
