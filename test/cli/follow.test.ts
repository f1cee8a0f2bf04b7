import { describe, expect, it } from 'vitest';
import type { MeshEvent } from '#api';
import { MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';
import { agentId, greeting, message, now, question } from './world.ts';

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
    { type: 'node.stopping', at: now },
  ];

  it('shows each event in one line', async () => {
    const { signal, seen } = until('node.stopping');
    const { stdout, code } = await mesh(['events'], { signal, onOutput: seen, events: [sse(...all)] });
    expect(code).toBe(130);
    expect(stdout).toBe(
      '2026-01-31 12:00:00  link.up           bob  direct http://bob.example\n' +
        '2026-01-31 12:00:00  contact.changed   dora  changed\n' +
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
    ).toMatchObject([{ id: '1', type: 'link.up' }, { id: '3' }]);
  });
});
