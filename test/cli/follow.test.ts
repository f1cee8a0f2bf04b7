import { describe, expect, it } from 'vitest';
import type { MeshEvent, Output } from '#api';
import { MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';
import { agentId, greeting, here, message, now, question, receipt, sentMessage, type World } from './world.ts';

const sse = (...events: readonly MeshEvent[]): string =>
  events.map((event, index) => `id: ${index + 1}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
const received = (of: ReturnType<typeof message>): MeshEvent => ({
  type: 'message.received',
  agent: 'alice',
  at: now,
  message: of,
});
const fresh = message('msg_019bf009-0000-7000-8000-000000000001', {
  body: 'just in',
  peer: 'carol',
  peerId: agentId('carol'),
});

/** Ctrl-C as soon as the text was printed. */
function until(text: string) {
  const interrupt = new AbortController();
  return {
    signal: interrupt.signal,
    seen: (output: string) => void (output.includes(text) && interrupt.abort(new Error('SIGINT'))),
  };
}

describe('mesh inbox --follow', () => {
  it('shows what is unread, oldest first, then what comes, each once, and ends with Ctrl-C', async () => {
    const { signal, seen } = until('just in');
    const run = await mesh(['inbox', '--follow'], {
      signal,
      onOutput: seen,
      events: [sse(received(greeting), received(fresh))],
    });
    expect(run.code).toBe(130);
    const ids = run.stdout.match(/msg_\S+/g);
    expect(ids).toEqual([expect.stringContaining('019bf000-cccc'), greeting.id, question.id, fresh.id]);
    expect(run.stdout).toContain('carol  notification');
    expect(run.stderr).toContain('Waiting for messages.');
  });

  it('prints one document a line with --json, and only of the contact that was named', async () => {
    const { signal, seen } = until('just in');
    const options = {
      signal,
      onOutput: seen,
      world: { inbox: { messages: [], lastSeq: 0 } },
      events: [sse(received(greeting), received(fresh))],
    };
    const run = await mesh(['inbox', '--follow', '--json', '--peer', 'carol'], options);
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toMatchObject({ id: fresh.id });
  });

  it('fails at once when no node runs', async () => {
    const refused = (): never => {
      throw new MeshError('NODE_NOT_RUNNING');
    };
    const run = await mesh(['inbox', '--follow'], { onEvents: refused });
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('error[NODE_NOT_RUNNING]');
  });
});

describe('mesh track --follow', () => {
  const id = 'msg_019bf001-0001-7000-8000-000000000001';
  type Tracked = Output<'track'>;
  type Fact = Partial<Tracked>;

  const queued: Tracked['steps'] = [{ at: now, state: 'queued', ...here }];
  const sentStep = { at: now + 10, state: 'sent', ...here, route: 'direct http://bob.example', attempt: 1 } as const;
  const step = (at: number, state: string): Tracked['steps'][number] => ({ at: now + at, state, ...receipt });
  const told = (...ids: readonly string[]): MeshEvent => ({
    type: 'message.state',
    agent: 'alice',
    at: now,
    ids: [...ids],
    peer: 'bob',
    peerId: agentId('bob'),
    step: 'sent',
    state: 'sent',
  });

  /** What the node says of the message, one after another. */
  const tracking = (...looks: readonly Fact[]): NonNullable<World['track']> => {
    let n = 0;
    return () => {
      const look = looks[Math.min(n, looks.length - 1)];
      n += 1;
      return { ...sentMessage(id, { state: 'queued' }), steps: queued, ...look };
    };
  };
  const run = (
    looks: readonly Fact[],
    words: readonly string[] = [],
    events: readonly MeshEvent[] = [told(id), told(id)],
  ) =>
    mesh(['track', id.slice(0, 17), '--follow', ...words], {
      world: { track: tracking(...looks) },
      events: [sse(...events)],
    });

  it('prints each step once as it comes, and ends with 0 when the message was seen', async () => {
    const { code, stdout } = await run([
      {},
      { state: 'sent', steps: [...queued, sentStep] },
      { state: 'seen', steps: [...queued, sentStep, step(20, 'delivered'), step(30, 'seen')] },
    ]);
    expect(code).toBe(0);
    const steps = stdout.split('\n').filter((line) => line.startsWith('2026-'));
    expect(steps).toEqual([
      '2026-01-31 12:00:00.000  queued        this node',
      '2026-01-31 12:00:00.010  sent          this node          direct http://bob.example, attempt 1',
      '2026-01-31 12:00:00.020  delivered     peer, receipt',
      '2026-01-31 12:00:00.030  seen          peer, receipt',
    ]);
    expect(stdout.match(/^message /gm)).toHaveLength(1);
  });

  it('waits for the answer of a request, and looks only when it is told of this message', async () => {
    const looks: Fact[] = [
      { type: 'request', state: 'seen', steps: [...queued, step(1, 'seen')] },
      { type: 'request', state: 'answered', steps: [...queued, step(1, 'seen'), step(2, 'answered')] },
    ];
    const { code, calls } = await run(looks, [], [told('msg_other'), told('msg_other', id)]);
    expect(code).toBe(0);
    expect(calls.filter(({ name }) => name === 'track')).toHaveLength(2);
  });

  it('ends at the state that was asked for', async () => {
    const { code } = await run([{}, { state: 'delivered' }], ['--until', 'delivered']);
    expect(code).toBe(0);
  });

  it.each([
    ['refused', 'NOT_PERMITTED', 3],
    ['refused', 'HANDLER_FAILED', 1],
    ['expired', undefined, 4],
    ['dead', 'UNREACHABLE', 4],
    ['cancelled', undefined, 1],
  ] as const)('ends when the message is %s (%s), with the exit code %i', async (state, reason, exit) => {
    const { code, stdout } = await run([{}, { state, ...(reason === undefined ? {} : { reason }) }]);
    expect(code).toBe(exit);
    expect(stdout.includes('→ ')).toBe(state !== 'cancelled');
  });

  it('looks again where events are missing, and prints one document a line with --json', async () => {
    const missed = { type: 'missed', count: 3 } as const;
    const body = `id: 1\nevent: missed\ndata: ${JSON.stringify(missed)}\n\n`;
    const world = { track: tracking({}, { state: 'seen', steps: [...queued, step(1, 'seen')] }) };
    const { code, stdout, stderr } = await mesh(['track', id, '--follow', '--json'], { world, events: [body] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { id, ...queued[0] },
      { id, ...step(1, 'seen') },
    ]);
  });

  it('ends with 130 at Ctrl-C, and with the error of the node', async () => {
    const interrupt = new AbortController();
    const seen = (output: string): void => void (output.includes('queued') && interrupt.abort(new Error('SIGINT')));
    const world = { track: tracking({}) };
    const stopped = await mesh(['track', id, '--follow'], {
      world,
      signal: interrupt.signal,
      onOutput: seen,
      events: [],
    });
    expect(stopped.code).toBe(130);
    const missing = (): never => {
      throw new MeshError('NOT_FOUND');
    };
    const unknown = await mesh(['track', id, '--follow'], { world: { track: missing }, events: [] });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('error[NOT_FOUND]');
  });
});

describe('mesh events', () => {
  const all: readonly MeshEvent[] = [
    {
      type: 'link.up',
      agent: 'alice',
      at: now,
      peer: 'bob',
      peerId: agentId('bob'),
      route: 'direct http://bob.example',
    },
    { type: 'contact.changed', agent: 'alice', at: now, petname: 'dora', agentId: agentId('dora'), state: 'changed' },
    {
      type: 'message.state',
      agent: 'alice',
      at: now,
      ids: ['msg_1', 'msg_2'],
      peer: 'bob',
      peerId: agentId('bob'),
      step: 'sealed',
      state: 'queued',
    },
    { type: 'node.stopping', at: now },
  ];

  it('shows each event in one line', async () => {
    const { signal, seen } = until('node.stopping');
    const { stdout, code } = await mesh(['events'], { signal, onOutput: seen, events: [sse(...all)] });
    expect(code).toBe(130);
    expect(stdout).toBe(
      '2026-01-31 12:00:00  link.up           bob  direct http://bob.example\n' +
        '2026-01-31 12:00:00  contact.changed   dora  changed\n' +
        '2026-01-31 12:00:00  message.state     bob  sealed  2 messages from msg_1\n' +
        '2026-01-31 12:00:00  node.stopping\n',
    );
  });

  it('shows only the types that were named, as one document a line with --json', async () => {
    const { signal, seen } = until('node.stopping');
    const words = ['events', '--json', '--type', 'link.up', '--type', 'node.stopping'];
    const { stdout } = await mesh(words, { signal, onOutput: seen, events: [sse(...all)] });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ id: '1', type: 'link.up' }, { id: '4' }]);
  });
});
