import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Limits, defaultLimits, MeshError } from '#kernel';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { type Party, party } from '../../test/support/trust-fixtures.ts';
import type { LanEar } from './hear-lan.ts';
import type { DiscoveredNode } from './http-discovery.ts';
import type { LanAnswer } from './lan-answer.ts';
import { type LanScanDone, type LanScanEvent, type LanScanOptions, scanLan } from './scan-lan.ts';

const timeoutMs = 3000;
const [alice, bob, carol] = [party(1), party(2), party(3)];
const text = ['v=1', 'path=/agent-mesh/discovery'];

const answerFrom = (source: string, change: Partial<LanAnswer> = {}): LanAnswer => ({
  name: `mesh-${source}`,
  source,
  port: 8787,
  addresses: [source],
  text,
  ...change,
});

/** A local network on which the test says what is heard. */
class PlantedEar implements LanEar {
  readonly answers: LanAnswer[];
  questions = 0;
  isOpen = false;

  constructor(...answers: LanAnswer[]) {
    this.answers = answers;
  }

  async open(onAnswer: (answer: LanAnswer) => void) {
    this.isOpen = true;
    const ask = (): void => {
      this.questions += 1;
      for (const answer of this.answers) onAnswer(answer);
    };
    ask();
    return {
      ask,
      close: async () => {
        this.isOpen = false;
      },
    };
  }
}

let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
});
afterEach(() => expect(clock.sleeping, 'no timer is left').toBe(0));

type Nodes = Readonly<Record<string, readonly Party[] | 'silent'>>;

/** Nodes by URL; all others refuse. A silent one never answers. */
const fetchFrom =
  (nodes: Nodes, asked: string[] = []): LanScanOptions['fetchDocument'] =>
  async (url, { signal }) => {
    asked.push(url);
    const agents = nodes[url];
    if (agents === 'silent') await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
    if (agents === undefined || agents === 'silent') throw new MeshError('UNREACHABLE');
    return documentOf(url, agents);
  };

const documentOf = (url: string, agents: readonly Party[]): DiscoveredNode => ({
  url,
  protocol: 'agent-mesh',
  versions: [1],
  software: 'agent-mesh/0.1.0',
  agents: agents.map(({ card }) => card),
  problems: [],
});

interface Scanned {
  readonly events: readonly LanScanEvent[];
  readonly found: readonly (readonly [url: string, agents: readonly string[]])[];
  readonly done: LanScanDone;
}

async function scanned(ear: LanEar, nodes: Nodes, change: Partial<LanScanOptions> = {}): Promise<Scanned> {
  const events: LanScanEvent[] = [];
  const options = { ear, clock, limits: defaultLimits, timeoutMs, isOwn: () => false, fetchDocument: fetchFrom(nodes) };
  const scan = (async () => {
    for await (const event of scanLan({ ...options, ...change })) events.push(event);
  })();
  // Settles before anybody waits for it when the scan fails.
  scan.catch(() => {});
  await clock.advance(timeoutMs);
  await clock.advance(defaultLimits.lanAskMs);
  await scan;
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('It did not come to its end');
  const found = events.flatMap((event) => (event.type === 'found' ? [event.document] : []));
  return { events, found: found.map(({ url, agents }) => [url, agents.map(({ name }) => name)]), done: last };
}

const limitsWith = (change: Partial<Limits>): Limits => ({ ...defaultLimits, ...change });

describe('a scan of the local network', () => {
  it('listens, asks again because datagrams get lost, and reads of each node who lives there', async () => {
    const ear = new PlantedEar(answerFrom('192.168.1.7'), answerFrom('192.168.1.8'));
    const { events, found, done } = await scanned(ear, {
      'http://192.168.1.7:8787': [alice],
      'http://192.168.1.8:8787': [bob, carol],
    });
    expect(found).toEqual([
      ['http://192.168.1.7:8787', ['agent1']],
      ['http://192.168.1.8:8787', ['agent2', 'agent3']],
    ]);
    expect(done).toEqual({ type: 'done', total: 2, found: 2, unasked: 0, ignored: 0, isFull: false });
    expect(events[0]).toEqual({ type: 'heard', nodes: 2 });
    expect([ear.questions, ear.isOpen]).toEqual([3, false]);
  });

  it('finds nobody where nobody answers, or answers without a node behind it', async () => {
    expect((await scanned(new PlantedEar(), {})).done).toMatchObject({ total: 0, found: 0 });
    expect((await scanned(new PlantedEar(answerFrom('192.168.1.7')), {})).done).toMatchObject({ total: 1, found: 0 });
  });

  it('leaves out the node that scans, which hears itself too', async () => {
    const ear = new PlantedEar(answerFrom('192.168.1.7'), answerFrom('192.168.1.8'));
    const nodes = { 'http://192.168.1.7:8787': [alice], 'http://192.168.1.8:8787': [bob, alice] };
    const isOwn: LanScanOptions['isOwn'] = (agentId) => agentId === alice.agentId;
    expect((await scanned(ear, nodes, { isOwn })).found).toEqual([['http://192.168.1.8:8787', ['agent2', 'agent1']]]);
  });

  it('tells a node with several addresses once, by the one that its card names', async () => {
    const named = { ...bob, card: bob.cardWith({ endpoints: ['http://10.0.0.8:8787/'] }) };
    const ear = new PlantedEar(answerFrom('192.168.1.8', { addresses: ['10.0.0.8', '192.168.1.8'] }));
    const nodes = { 'http://192.168.1.8:8787': [named], 'http://10.0.0.8:8787': [named] };
    const { found, done } = await scanned(ear, nodes);
    expect(found).toEqual([['http://10.0.0.8:8787', ['agent2']]]);
    expect(done).toMatchObject({ total: 2, found: 1 });
  });

  it('is not misled by somebody who serves the card of another', async () => {
    const named = { ...bob, card: bob.cardWith({ endpoints: ['http://192.168.1.8:8787'] }) };
    const ear = new PlantedEar(answerFrom('192.168.1.66'), answerFrom('192.168.1.8'));
    const nodes = { 'http://192.168.1.66:8787': [named], 'http://192.168.1.8:8787': [named] };
    expect((await scanned(ear, nodes)).found).toEqual([['http://192.168.1.8:8787', ['agent2']]]);
  });

  it('is not misled by somebody who speaks under the name of another', async () => {
    const name = 'mesh-0011223344556677';
    const ear = new PlantedEar(answerFrom('192.168.1.66', { name }), answerFrom('192.168.1.8', { name }));
    expect((await scanned(ear, { 'http://192.168.1.8:8787': [bob] })).done).toMatchObject({ total: 2, found: 1 });
  });
});

describe('hostile answers', () => {
  it('that lead outside, to no port or to no node are counted and not followed', async () => {
    const asked: string[] = [];
    const ear = new PlantedEar(
      answerFrom('8.8.8.8'),
      answerFrom('192.168.1.5', { port: 0 }),
      answerFrom('192.168.1.6', { text: ['v=1', 'path=/admin'] }),
      answerFrom('192.168.1.7', { addresses: ['8.8.4.4', '127.0.0.1'] }),
    );
    const { done } = await scanned(ear, {}, { fetchDocument: fetchFrom({}, asked) });
    expect(asked).toEqual(['http://192.168.1.7:8787']);
    // Each was heard three times.
    expect(done).toMatchObject({ total: 1, ignored: 9 });
  });

  it('by the thousand are asked about within bounds, and the one honest node among them is found', async () => {
    const flood = Array.from({ length: 5000 }, (_, index) =>
      answerFrom('192.168.1.66', { name: `mesh-${index}`, addresses: [`10.1.${index % 250}.1`] }),
    );
    const asked: string[] = [];
    const ear = new PlantedEar(...flood, answerFrom('192.168.1.8'));
    const fetchDocument = fetchFrom({ 'http://192.168.1.8:8787': [bob] }, asked);
    const { found, done } = await scanned(ear, {}, { fetchDocument });
    expect(found).toEqual([['http://192.168.1.8:8787', ['agent2']]]);
    expect(asked.length).toBeLessThanOrEqual(2 + defaultLimits.maxLanNodesPerAddress);
    expect(done.ignored).toBeGreaterThan(4000);
  });

  it('of more nodes than one scan takes are told', async () => {
    const ear = new PlantedEar(answerFrom('192.168.1.1'), answerFrom('192.168.1.2'), answerFrom('192.168.1.3'));
    const asked: string[] = [];
    const limits = limitsWith({ maxLanNodes: 2 });
    const { done } = await scanned(ear, {}, { limits, fetchDocument: fetchFrom({}, asked) });
    expect(done).toMatchObject({ total: 2, isFull: true });
    expect(asked).toHaveLength(2);
  });

  it('of nodes that never answer end with the time, and what was found until then is told', async () => {
    const silent = Array.from({ length: 200 }, (_, index) => `192.168.2.${index + 1}`);
    const ear = new PlantedEar(answerFrom('192.168.1.8'), ...silent.map((source) => answerFrom(source)));
    const nodes: Nodes = {
      'http://192.168.1.8:8787': [bob],
      ...Object.fromEntries(silent.map((source) => [`http://${source}:8787`, 'silent' as const])),
    };
    const { found, done } = await scanned(ear, nodes);
    expect(found).toEqual([['http://192.168.1.8:8787', ['agent2']]]);
    expect(done).toMatchObject({ total: 201, found: 1, unasked: 200 });
  });
});

describe('a scan of the local network ends', () => {
  it('with the reason of its signal, while it listens and while it asks', async () => {
    for (const waitedMs of [100, timeoutMs]) {
      const ear = new PlantedEar(answerFrom('192.168.1.7'));
      const stop = new AbortController();
      const fetchDocument = fetchFrom({ 'http://192.168.1.7:8787': 'silent' });
      const options = { ear, clock, limits: defaultLimits, timeoutMs, isOwn: () => false, fetchDocument };
      const rest = (async () => {
        for await (const event of scanLan({ ...options, signal: stop.signal })) expect(event.type).not.toBe('done');
      })();
      rest.catch(() => {});
      await clock.advance(waitedMs);
      stop.abort(new Error('enough'));
      await expect(rest).rejects.toThrow('enough');
      expect(ear.isOpen).toBe(false);
    }
  });

  it('with what keeps this machine from listening', async () => {
    const ear: LanEar = { open: () => Promise.reject(new MeshError('LAN_UNAVAILABLE')) };
    await expect(scanned(ear, {})).rejects.toMatchObject({ code: 'LAN_UNAVAILABLE' });
  });
});
