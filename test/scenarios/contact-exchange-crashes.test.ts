import { afterEach, describe, expect, test } from 'vitest';
import { approve, arrives, ask, expectPeers, comesTo, seenBy, standing, talk } from '../support/exchange-story.ts';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory } from '../support/memory-story.ts';
import { patient, until } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';
import type { Passing } from '../support/wire.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

interface Cast {
  readonly alice: MemoryNode;
  readonly bob: MemoryNode;
  readonly clock: ManualClock;
}

/** Time stands still unless a test moves it, so what happens without that happens at once. */
async function cast(): Promise<Cast> {
  const clock = new ManualClock();
  const options = { clock, limits: patient };
  return { alice: await story.start('alice', options), bob: await story.start('bob', options), clock };
}

/** Alice asked Bob, and it waits for Bob's owner. */
async function asked(): Promise<Cast> {
  const all = await cast();
  await ask(all.alice, all.bob);
  await arrives(all.alice, all.bob);
  return all;
}

/** The first time that this passes on the wire, something happens to whoever is there. */
function when(meant: (passing: Passing) => boolean, then: () => void): void {
  let isOver = false;
  story.wire.fate = (passing) => {
    if (isOver || !meant(passing)) return 'pass';
    isOver = true;
    then();
    return 'pass';
  };
}

const isAccept = ({ frame }: Passing): boolean => frame?.kind === 'accept';
const answerOf =
  (name: string) =>
  ({ from, operation }: Passing): boolean =>
    from === name && operation.op === 'delivered';

const storing = writing('contacts.put');

describe('the one who approves crashes', () => {
  const moments: readonly (readonly [string, (cast: Cast) => void])[] = [
    ['when the approval is committed and nobody was told', ({ bob }) => void bob.store.crashAfter(storing)],
    ['when the acceptance was made', ({ bob }) => void bob.store.crashAfter(writing('sessions.putOwnKeyPackage'))],
    ['when the acceptance leaves', ({ bob }) => when(isAccept, () => bob.crash())],
    ['when the answer to it arrives', ({ bob }) => when(answerOf('alice'), () => bob.crash())],
    ['before the answer is committed', ({ bob }) => when(answerOf('alice'), () => void bob.store.crashBefore(storing))],
    ['when the answer is committed', ({ bob }) => when(answerOf('alice'), () => void bob.store.crashAfter(storing))],
  ];

  test.each(moments)('%s: restarted, it tells at once, and both are peers', async (_when, crash) => {
    const all = await asked();
    const { alice, bob, clock } = all;
    crash(all);
    void approve(bob, alice);
    await until(() => !bob.isUp);
    await bob.up();
    expect((await seenBy(bob, alice))?.state).toBe('trusted');
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });

  test('before the approval is committed: nothing was approved, and it can be done again', async () => {
    const { alice, bob, clock } = await asked();
    const crashed = bob.store.crashBefore(storing);
    void approve(bob, alice);
    await crashed;
    await bob.up();
    expect(await standing(bob, alice)).toBe('requested-in');
    await approve(bob, alice);
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });

  test('and cannot call the one who asked, which calls again by itself', async () => {
    const { alice, bob, clock } = await asked();
    story.wire.hidden.add('alice');
    const crashed = bob.store.crashAfter(storing);
    void approve(bob, alice);
    await crashed;
    await bob.up();
    expect(await standing(bob, alice)).toBe('trusted accept under-way');
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });
});

describe('the one who asked crashes', () => {
  const moments: readonly (readonly [string, (cast: Cast) => void])[] = [
    ['when the acceptance arrives', ({ alice }) => when(isAccept, () => alice.crash())],
    ['before it is committed', ({ alice }) => void alice.store.crashBefore(storing)],
    ['when it is committed and not answered', ({ alice }) => void alice.store.crashAfter(storing)],
    ['when it is answered', ({ alice }) => when(answerOf('alice'), () => alice.crash())],
  ];

  test.each(moments)('%s: restarted, both are peers at once', async (_when, crash) => {
    const all = await asked();
    const { alice, bob, clock } = all;
    crash(all);
    await approve(bob, alice);
    await until(() => !alice.isUp);
    await alice.up();
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });

  test('when its request is committed and nobody heard of it: restarted, it asks', async () => {
    const { alice, bob } = await cast();
    const crashed = alice.store.crashAfter(storing);
    void ask(alice, bob);
    await crashed;
    await alice.up();
    await arrives(alice, bob);
    await approve(bob, alice);
    await expectPeers(alice, bob);
  });

  test('when its request was taken and the answer is lost: it asks once, not twice', async () => {
    const { alice, bob, clock } = await cast();
    when(answerOf('bob'), () => alice.crash());
    void ask(alice, bob);
    await until(() => !alice.isUp);
    await clock.advance(1000);
    await alice.up();
    await arrives(alice, bob);
    expect((await bob.api.requests({}, { signal })).requests).toHaveLength(1);
    await approve(bob, alice);
    await expectPeers(alice, bob);
  });
});

describe('an invite survives that', () => {
  const joinerCrashes: readonly (readonly [string, (cast: Cast) => void])[] = [
    ['the joiner crashes when its request is committed', ({ alice }) => void alice.store.crashAfter(storing)],
    [
      'the joiner crashes when its request leaves',
      ({ alice }) =>
        when(
          ({ frame }) => frame?.kind === 'request',
          () => alice.crash(),
        ),
    ],
    ['the joiner crashes when the answer to it arrives', ({ alice }) => when(answerOf('bob'), () => alice.crash())],
    ['the joiner crashes when the acceptance arrives', ({ alice }) => when(isAccept, () => alice.crash())],
    [
      'the joiner crashes when the acceptance is committed',
      ({ alice }) => when(isAccept, () => void alice.store.crashAfter(storing)),
    ],
  ];

  test.each(joinerCrashes)('%s: restarted, both are peers, and the invite was used once', async (_when, crash) => {
    const all = await cast();
    const { alice, bob, clock } = all;
    const { invite } = await bob.api.invite({}, { signal });
    crash(all);
    void alice.api.join({ invite, waitMs: 0 }, { signal });
    await until(() => !alice.isUp);
    await alice.up();
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
    expect((await bob.api.invites({}, { signal })).invites).toMatchObject([{ usedBy: alice.agentId }]);
  });

  const inviterCrashes: readonly (readonly [string, (cast: Cast) => void])[] = [
    [
      'the inviter crashes before it takes the request',
      ({ bob }) => void bob.store.crashBefore(writing('contacts.putInvite')),
    ],
    [
      'the inviter crashes when it has taken the request',
      ({ bob }) => void bob.store.crashAfter(writing('contacts.putInvite')),
    ],
    ['the inviter crashes when its acceptance leaves', ({ bob }) => when(isAccept, () => bob.crash())],
    ['the inviter crashes when its acceptance is answered', ({ bob }) => when(answerOf('alice'), () => bob.crash())],
  ];

  test.each(inviterCrashes)('%s: restarted, both are peers, and the invite was used once', async (_when, crash) => {
    const all = await cast();
    const { alice, bob, clock } = all;
    const { invite } = await bob.api.invite({}, { signal });
    crash(all);
    void alice.api.join({ invite, waitMs: 0 }, { signal });
    await until(() => !bob.isUp);
    await bob.up();
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
    expect((await bob.api.invites({}, { signal })).invites).toMatchObject([{ usedBy: alice.agentId }]);
  });

  test('the inviter restarts between the invite and its use', async () => {
    const { alice, bob, clock } = await cast();
    const { invite } = await bob.api.invite({}, { signal });
    bob.crash();
    await bob.up();
    await alice.api.join({ invite, waitMs: 0 }, { signal });
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });
});

describe('a removal survives a crash', () => {
  test('at its commit: the contact is gone, with all that waited for it', async () => {
    const { alice, bob, clock } = await asked();
    await approve(bob, alice);
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
    await alice.down();
    const { id } = await bob.api.send({ to: 'alice', text: 'never sent' }, { signal });
    const crashed = bob.store.crashAfter(writing('contacts.delete'));
    void bob.api.remove({ contact: 'alice' }, { signal });
    await crashed;
    await bob.up();
    expect(await seenBy(bob, alice)).toBeUndefined();
    expect(await bob.api.track({ id }, { signal })).toMatchObject({ state: 'refused', reason: 'NOT_TRUSTED' });
    await alice.up();
    await comesTo(alice, bob, 'trusted');
    await ask(bob, alice);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
    expect((await alice.api.inbox({ limit: 100 }, { signal })).messages.map(({ body }) => body)).not.toContain(
      'never sent',
    );
  });
});
