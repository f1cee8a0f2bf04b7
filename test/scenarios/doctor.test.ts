import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '#kernel';
import { Backups } from '../support/backups.ts';
import { send, Story, until } from '../support/story.ts';
import { eventually, handledBy, pair, signal, type TestNode } from '../support/test-agents.ts';

const findings = async (node: TestNode) => (await node.api.doctor({}, { signal })).findings;
const checksOf = async (node: TestNode) => (await findings(node)).map(({ check }) => check);

/** A clock of a machine that somebody sets to another time. */
function settableClock(): Clock & { offsetMs: number } {
  const clock = { ...systemClock, offsetMs: 0, now: () => systemClock.now() + clock.offsetMs };
  return clock;
}

describe('mesh doctor on a running node', () => {
  test('finds nothing where nothing is wrong', async () => {
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    expect(await findings(alice)).toEqual([]);
    expect(await findings(bob)).toEqual([]);
  });

  test('finds the clock that is wrong: its own when peers agree, else that of the peer', async () => {
    await using story = new Story();
    const clock = settableClock();
    const [alice, bob, carol] = [
      await story.start('alice'),
      await story.start('bob'),
      await story.start('carol', { clock }),
    ];
    for (const [one, other] of [
      [alice, bob],
      [carol, alice],
      [carol, bob],
    ] as const)
      await pair(one, other);
    expect(await findings(carol)).toEqual([]);
    clock.offsetMs = -200_000;
    const nodes = [alice, bob, carol];
    // Both of its peers are greeted, and so is it.
    await eventually(nodes, async () => (await findings(carol))[0]?.severity === 'error');
    await eventually(nodes, async () => (await checksOf(alice)).includes('clock'));
    expect(await findings(carol)).toMatchObject([
      { check: 'clock', severity: 'error', message: 'The clock of this machine is 3 min behind its peers' },
    ]);
    expect(await findings(alice)).toMatchObject([
      { check: 'clock', severity: 'warning', message: expect.stringContaining('The clock of carol is 3 min behind') },
    ]);
  });

  test('calls its own addresses: one that nobody answers at, and one where somebody else does', async () => {
    await using story = new Story();
    const bob = await story.start('bob');
    const alice = await story.start('alice', { config: { endpoints: ['http://127.0.0.1:1', bob.endpoint] } });
    expect(await findings(alice)).toMatchObject([
      {
        check: 'endpoint',
        severity: 'error',
        message: expect.stringContaining(`Another node answers at ${bob.endpoint}`),
      },
      { check: 'endpoint', severity: 'warning', message: expect.stringContaining('http://127.0.0.1:1') },
    ]);
  });

  test('finds a queue that is stuck, with the reason, and says no word of what waits in it', async () => {
    await using story = new Story();
    const limits = { breakerCooldownMs: 60_000, breakerMaxCooldownMs: 60_000 };
    const [alice, bob] = [await story.start('alice', { limits }), await story.start('bob')];
    await pair(alice, bob);
    await bob.down();
    await send(alice, 'bob', 'the secret of the day');
    const { courier } = alice.host.lane(alice.host.lanes[0]?.peer ?? alice.host.agent.agentId);
    await until(() => courier.status().breaker === 'open');
    const found = await findings(alice);
    expect(found).toMatchObject([
      { check: 'queue', severity: 'warning', message: expect.stringMatching(/1 message.* for bob.*UNREACHABLE/) },
    ]);
    expect(JSON.stringify(found)).not.toContain('secret of the day');
    await bob.up();
    await eventually([alice, bob], async () => (await checksOf(alice)).length === 0);
  });

  test('tells of messages that the program gave up on', async () => {
    await using story = new Story();
    const failing = handledBy(async () => {
      throw new Error('no');
    });
    const [alice, bob] = [
      await story.start('alice', { runtime: failing, limits: { maxHandlerAttempts: 1 } }),
      await story.start('bob'),
    ];
    await pair(alice, bob);
    await send(bob, 'alice', 'hello');
    await eventually([alice, bob], async () => (await checksOf(alice)).includes('queue'));
    expect((await findings(alice))[0]?.fix).toContain('mesh dead');
  });

  test('says of a machine whose agent was restored elsewhere what happened and what to do, and finds the earlier one', async () => {
    using backups = new Backups();
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    const { stateDir } = await backups.restore(await backups.make(alice.dir));
    await alice.down();
    const again = await story.startOn(stateDir, 'alice', { config: { endpoints: [alice.lastEndpoint] } });
    // The old machine starts at the address that the new one still announces.
    await alice.up();
    await eventually([alice, bob, again], async () => alice.host.agent.successor !== undefined);
    const [silent] = await findings(alice);
    expect(silent).toMatchObject({
      check: 'succession',
      severity: 'error',
      fix: expect.stringContaining('--take-over'),
    });
    expect(await findings(again)).toMatchObject([
      { check: 'endpoint', severity: 'warning', message: expect.stringContaining('from before the restore') },
    ]);
  });
});
