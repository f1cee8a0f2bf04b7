import type { ClientState, MLSMessage, PrivateMessage } from 'ts-mls';
import { expect, test } from 'vitest';
import { systemRandom } from '#kernel';
import type { Link } from '#link';
import type { HubStore } from '#hub';
import { openMemoryHubStore } from '#storage';
import { HubWorld } from '../support/hub-world.ts';
import { libraryGroup, libraryOpen, librarySeal } from '../support/library-pair.ts';
import { alice, bob, mallory as carol } from '../support/link-agents.ts';
import { contextOf } from '../support/session-fixtures.ts';
import { decodeMls, encodeMls, follow, renewKeys } from '../support/library-steps.ts';
import { overriding } from '../sim/watched-store.ts';

const { suite } = contextOf('fork');
const room = new Uint8Array(32).fill(7);
const roster = { members: [alice.agentId, bob.agentId, carol.agentId], owners: [alice.agentId] };

/** A hub that keeps two logs of each room: one for Bob, one for everybody else. */
async function forking(clock: Parameters<typeof openMemoryHubStore>[0]['clock']): Promise<HubStore> {
  const one = await openMemoryHubStore({ clock, random: systemRandom });
  const other = await openMemoryHubStore({ clock, random: systemRandom });
  const of = (by: string): HubStore['rooms'] => (by === bob.agentId ? other.rooms : one.rooms);
  return overriding(one, {
    rooms: overriding(one.rooms, {
      async create(made) {
        await Promise.all([one.rooms.create(made), other.rooms.create(made)]);
      },
      append: (entry) => of(entry.from).append(entry),
      read: (page) => of(page.by).read(page),
    }),
  });
}

const append = (link: Link, message: MLSMessage) =>
  link.ask({ op: 'room.append', room, epoch: 0, bytes: encodeMls(message) });

const entryIn = async (link: Link): Promise<MLSMessage> => {
  const { entries } = await link.ask({ op: 'room.read', room, after: 0 });
  expect(entries).toHaveLength(1);
  return decodeMls(entries[0]?.bytes ?? new Uint8Array());
};

const say = async (from: ClientState, text: string): Promise<PrivateMessage> => {
  const [frame] = (await librarySeal(suite, from, [text])).frames;
  if (frame === undefined) throw new TypeError('nothing was sealed');
  return frame;
};

test('a hub that shows members of a room different logs parts them, and nobody takes a word of the other side', async () => {
  const world = await HubWorld.open({ store: forking });
  const links = {
    alice: await world.member(alice, 'alice'),
    bob: await world.member(bob, 'bob'),
    carol: await world.member(carol, 'carol'),
  };
  await links.alice.ask({ op: 'room.create', room, ...roster });
  const { creator: a, joined } = await libraryGroup(suite, ['a', 'b', 'c']);
  const [b = a, c = a] = joined;

  // Both are told that theirs is the commit of the epoch.
  const [ours, theirs] = [await renewKeys(suite, a), await renewKeys(suite, b)];
  expect(await append(links.alice, ours.commit)).toMatchObject({ op: 'room.appended' });
  expect(await append(links.bob, theirs.commit)).toMatchObject({ op: 'room.appended' });
  const followed = await follow(suite, c, await entryIn(links.carol));
  expect([ours.state, theirs.state, followed].map(({ groupContext }) => groupContext.epoch)).toEqual([2n, 2n, 2n]);

  expect((await libraryOpen(suite, followed, await say(ours.state, 'here'))).text).toBe('here');
  await expect(libraryOpen(suite, theirs.state, await say(ours.state, 'here'))).rejects.toThrow(Error);
  for (const state of [ours.state, followed])
    await expect(libraryOpen(suite, state, await say(theirs.state, 'there'))).rejects.toThrow(Error);

  // What the other log holds cannot be joined to the own one either.
  await expect(follow(suite, theirs.state, ours.commit)).rejects.toThrow(Error);
  await expect(follow(suite, followed, theirs.commit)).rejects.toThrow(Error);
});

test('a hub that keeps to one log parts nobody: who is late gets the commit that counts, and follows it', async () => {
  const world = await HubWorld.open();
  const [near, far] = [await world.member(alice, 'alice'), await world.member(bob, 'bob')];
  await near.ask({ op: 'room.create', room, members: [alice.agentId, bob.agentId], owners: [alice.agentId] });
  const { creator: a, joined } = await libraryGroup(suite, ['a', 'b']);
  const [b = a] = joined;
  const ours = await renewKeys(suite, a);
  await append(near, ours.commit);
  const late = await append(far, (await renewKeys(suite, b)).commit);
  if (late.op !== 'room.taken') throw new TypeError('the hub took two commits for one epoch');
  const followed = await follow(suite, b, decodeMls(late.bytes));
  expect((await libraryOpen(suite, followed, await say(ours.state, 'here'))).text).toBe('here');
});
