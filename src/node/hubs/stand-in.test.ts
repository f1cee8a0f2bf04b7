import { describe, expect, test } from 'vitest';
import { defaultLimits, MeshError, silentLogger } from '#kernel';
import type { HubAddress } from '#protocol';
import { agent } from '../../../test/support/link-agents.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { type RelayPeer, StandIn } from './stand-in.ts';

const { relayAfterMs, relayBackMs, relayKeptMs } = defaultLimits;

const relayOf = (name: string, seed: number): RelayPeer => ({
  peer: agent(seed).agentId,
  name,
  addresses: [{ base: `http://${name}.test`, hub: agent(seed + 1).agentId }],
});

const rita = relayOf('rita', 10);
const rob = relayOf('rob', 20);

/** An agent with one hub, and what becomes of its stand-in. */
class World {
  readonly clock = new ManualClock();
  readonly done: string[] = [];
  hasHub: boolean | undefined = true;
  latency: Readonly<Record<string, number>> = {};
  refusing: readonly string[] = [];
  current: { isUp: boolean; leftAt?: number } | undefined;
  readonly standIn = new StandIn({
    clock: this.clock,
    limits: defaultLimits,
    logger: silentLogger,
    hasHub: () => this.hasHub,
    current: () => this.current,
    relayPeers: () => [rita, rob],
    ping: async ({ base }: HubAddress) => {
      const ms = this.latency[base];
      if (ms === undefined) throw new MeshError('UNREACHABLE', 'nothing there');
      return ms;
    },
    begin: async ({ name }) => {
      if (this.refusing.includes(name)) throw new MeshError('NOT_ADMITTED');
      this.done.push(`begin ${name}`);
      this.current = { isUp: true };
    },
    leave: async () => {
      this.done.push('leave');
      this.current = { isUp: true, leftAt: this.clock.now() };
    },
    resume: async () => {
      this.done.push('resume');
      this.current = { isUp: true };
    },
    forget: async () => {
      this.done.push('forget');
      this.current = undefined;
    },
  });

  async after(ms: number): Promise<readonly string[]> {
    await this.clock.advance(ms);
    return this.done;
  }

  hub(state: boolean | undefined): void {
    this.hasHub = state;
    this.standIn.notice();
  }
}

const both = { 'http://rita.test': 20, 'http://rob.test': 5 };

describe('who stands in for the hubs of an agent', () => {
  test('is the relay that answers fastest, after no hub was there for a while', async () => {
    const world = new World();
    world.latency = both;
    world.hub(false);
    expect(await world.after(relayAfterMs - 1)).toEqual([]);
    expect(await world.after(1)).toEqual(['begin rob']);
    await world.standIn.stop();
  });

  test('is nobody when a hub is back in time', async () => {
    const world = new World();
    world.latency = both;
    world.hub(false);
    await world.after(relayAfterMs - 1);
    world.hub(true);
    await world.after(1);
    world.hub(false);
    expect(await world.after(relayAfterMs - 1)).toEqual([]);
    await world.standIn.stop();
  });

  test('is the next one when the fastest does not take the agent, and looked for again when none does', async () => {
    const world = new World();
    world.latency = both;
    world.refusing = ['rob'];
    world.hub(false);
    expect(await world.after(relayAfterMs)).toEqual(['begin rita']);
    const alone = new World();
    alone.hub(false);
    expect(await alone.after(relayAfterMs)).toEqual([]);
    alone.latency = both;
    expect(await alone.after(relayBackMs)).toEqual(['begin rob']);
    await world.standIn.stop();
    await alone.standIn.stop();
  });

  test('is another one when it goes too', async () => {
    const world = new World();
    world.latency = both;
    world.hub(false);
    await world.after(relayAfterMs);
    world.latency = { 'http://rita.test': 20 };
    world.current = { isUp: false };
    world.standIn.notice();
    expect(await world.after(relayAfterMs)).toEqual(['begin rob', 'begin rita']);
    await world.standIn.stop();
  });

  test('is let go when a hub stays, looked at for a while, and then forgotten', async () => {
    const world = new World();
    world.latency = both;
    world.hub(false);
    await world.after(relayAfterMs);
    world.hub(true);
    expect(await world.after(relayBackMs - 1)).toEqual(['begin rob']);
    expect(await world.after(1)).toEqual(['begin rob', 'leave']);
    expect(await world.after(relayKeptMs - 1)).toEqual(['begin rob', 'leave']);
    expect(await world.after(1)).toEqual(['begin rob', 'leave', 'forget']);
    await world.standIn.stop();
  });

  test('is taken again at once when the hub goes while it is still looked at', async () => {
    const world = new World();
    world.latency = both;
    world.hub(false);
    await world.after(relayAfterMs);
    world.hub(true);
    await world.after(relayBackMs);
    world.hub(false);
    expect(await world.after(0)).toEqual(['begin rob', 'leave', 'resume']);
    await world.standIn.stop();
  });

  test('is nobody any more when the agent has no hub to stand in for', async () => {
    const world = new World();
    world.latency = both;
    world.hub(false);
    await world.after(relayAfterMs);
    world.hub(undefined);
    expect(await world.after(0)).toEqual(['begin rob', 'forget']);
    world.hub(undefined);
    expect(await world.after(relayAfterMs)).toEqual(['begin rob', 'forget']);
    await world.standIn.stop();
  });
});
