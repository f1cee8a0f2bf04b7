import { afterEach, describe, expect, test } from 'vitest';
import { areMutual, expectPeers, comesTo, seenBy, standing, talk } from '../support/exchange-story.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { leave, MemoryStory } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, patient, until } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

const start = (name: string): Promise<MemoryNode> => story.start(name, { clock, limits: patient });
const hour = 3_600_000;

const inviteOf = async (node: MemoryNode, expiresInMs?: number): Promise<string> =>
  (await node.api.invite(expiresInMs === undefined ? {} : { expiresInMs }, { signal })).invite;

const join = (node: MemoryNode, invite: string) => node.api.join({ invite, waitMs: 0 }, { signal });
const peersOf = async (node: MemoryNode): Promise<readonly string[]> =>
  (await node.api.contacts({ state: 'trusted' }, { signal })).contacts.map(({ petname }) => petname);

describe('an invite whose maker is not there', () => {
  test('is kept, says so, and completes by itself when the maker comes up', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const invite = await inviteOf(bob);
    await bob.down();
    const waiting = alice.api.join({ invite, waitMs: 10_000 }, { signal });
    await eventually([alice], async () => (await seenBy(alice, bob))?.lastError !== undefined);
    await clock.advance(10_000);
    expect(await waiting).toMatchObject({
      state: 'requested-out',
      exchange: { step: 'request', state: 'under-way', byInvite: true },
      lastError: { code: 'UNREACHABLE' },
    });
    await clock.advance(3 * hour);
    expect(await standing(alice, bob)).toBe('requested-out request under-way');
    await bob.up();
    await clock.advance(alice.limits.breakerMaxCooldownMs + 1000);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('and whose time is over when the maker comes up is refused with a reason', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const invite = await inviteOf(bob, hour);
    await bob.down();
    await join(alice, invite);
    await clock.advance(2 * hour);
    await bob.up();
    await comesTo(alice, bob, 'requested-out request refused request INVITE_EXPIRED', clock);
    expect((await alice.api.status({}, { signal })).warnings).toContainEqual({
      code: 'INVITE_EXPIRED',
      message: 'bob says that the invite has expired',
      hint: 'Ask its owner for a new one and run: mesh join INVITE, or give it up: mesh remove bob',
    });
    await join(alice, await inviteOf(bob));
    await expectPeers(alice, bob, clock);
  });
});

describe('an invite is used once', () => {
  test('by two one after the other: the second is told, and is no peer', async () => {
    const [alice, bob, carol] = [await start('alice'), await start('bob'), await start('carol')];
    const invite = await inviteOf(bob);
    await join(alice, invite);
    await expectPeers(alice, bob, clock);
    const joining = carol.api.join({ invite }, { signal });
    await expect(joining).rejects.toMatchObject({
      code: 'INVITE_USED',
      message: 'bob says that the invite was used already',
    });
    expect(await standing(carol, bob)).toBe('requested-out request refused request INVITE_USED');
    expect(await seenBy(bob, carol)).toBeUndefined();
    await talk(alice, bob, clock);
  });

  test('by two at the same moment: one wins, and the other learns it', async () => {
    const [alice, bob, carol] = [await start('alice'), await start('bob'), await start('carol')];
    const invite = await inviteOf(bob);
    bob.store.hold();
    await Promise.all([join(alice, invite), join(carol, invite)]);
    await until(() => bob.store.waiting >= 2);
    bob.store.release();
    const winner = await eventually([alice, bob, carol], async () => {
      if (await areMutual(alice, bob)) return alice;
      return (await areMutual(carol, bob)) && carol;
    });
    const loser = winner === alice ? carol : alice;
    await comesTo(loser, bob, 'requested-out request refused request INVITE_USED', clock);
    await clock.advance(hour);
    expect(await peersOf(bob)).toEqual([winner.name]);
    expect(await seenBy(bob, loser)).toBeUndefined();
    await talk(winner, bob, clock);
  });

  test('each, by two whose names are the same here: both are peers, under two names', async () => {
    const [bob, alice, carol] = [await start('bob'), await start('alice'), await start('carol')];
    await join(alice, await inviteOf(bob));
    await expectPeers(alice, bob, clock);
    await bob.api.rename({ contact: 'alice', name: 'carol' }, { signal });
    await join(carol, await inviteOf(bob));
    await comesTo(carol, bob, 'trusted', clock);
    expect(await peersOf(bob)).toEqual(['carol', 'carol-2']);
  });

  test('so whoever was removed does not come back by it, but by a new one', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const invite = await inviteOf(bob);
    await join(alice, invite);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
    await bob.api.remove({ contact: 'alice' }, { signal });
    expect(await codeOfRejection(alice.api.join({ invite }, { signal }))).toBe('INVITE_USED');
    expect(await standing(alice, bob)).toBe('trusted request refused request INVITE_USED');
    expect(await seenBy(bob, alice)).toBeUndefined();

    await join(alice, await inviteOf(bob));
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });
});

describe('an invite between two who are peers', () => {
  test('changes nothing, and stays for somebody else', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await join(alice, await inviteOf(bob));
    await expectPeers(alice, bob, clock);
    const spare = await inviteOf(bob);
    await alice.api.join({ invite: spare, tier: 'notify' }, { signal });
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
    const carol = await start('carol');
    await join(carol, spare);
    await expectPeers(carol, bob, clock);
  });

  test('says truthfully that the other side has to come up first', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await join(alice, await inviteOf(bob));
    await expectPeers(alice, bob, clock);
    const spare = await inviteOf(bob);
    await leave(bob, alice);
    await join(alice, spare);
    expect(await standing(alice, bob)).toBe('trusted request under-way');
    await bob.up();
    await expectPeers(alice, bob, clock);
    expect(await inboxTexts(alice)).toEqual([]);
  });
});
