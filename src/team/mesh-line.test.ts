import { describe, expect, it } from 'vitest';
import type { ContactView, Output } from '#api';
import { MeshError } from '#kernel';
import { failure } from '../../test/support/failure.ts';
import { FakeGateway } from '../../test/support/fake-gateway.ts';
import { live, teammateAt, teamOf } from '../../test/support/team-story.ts';
import type { MeshPorts } from './mesh-line.ts';

const bobId = 'did:key:z6MkgUqcdNX2ui2StYdysyqz2QtdDHWgDhkC2xaxxdYvt3up';
const malloryId = 'did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2';
const bob = { name: 'Bob', emailPrefix: 'bob', mesh: bobId };

type Routes = Output<'probe'>['contacts'][number]['routes'];
type Asked = Parameters<MeshPorts['client']['ask']>[0];

interface Node {
  readonly peers?: readonly string[];
  readonly routes?: Routes;
  /** Ids of agents at every address. */
  readonly at?: readonly string[];
  ask?(input: Asked): string;
}

const works: Routes = [
  { kind: 'hub', url: 'http://hub.example', state: 'works' },
  { kind: 'node', url: 'http://bob.example:8787', state: 'in use', latencyMs: 3 },
];

/** The local node, as far as the team asks it. */
function node({ peers = [bobId], routes = works, at = [], ask = () => 'fine' }: Node = {}) {
  const asked: Asked[] = [];
  const scanned: string[] = [];
  const client = {
    // What is read of a contact, and of an answer, is no more than this.
    contacts: async () => ({ contacts: peers.map((agentId) => ({ agentId, petname: 'bobby' }) as ContactView) }),
    probe: async ({ contact }: { contact?: string } = {}) => ({
      contacts: [{ petname: 'bobby', agentId: contact ?? '', routes }],
    }),
    async *scan({ targets }: { targets: string[] }) {
      scanned.push(...targets);
      yield { type: 'found' as const, url: targets[0] ?? '', agents: at.map((agentId) => ({ agentId })) };
    },
    ask: async (input: Asked) => {
      asked.push(input);
      return {
        request: `msg_${asked.length}`,
        answer: { id: `answer_${asked.length}`, body: ask(input) },
        elapsedMs: 5,
      };
    },
  };
  const mesh = { client, cause: { root: true } } as unknown as MeshPorts;
  return { mesh, asked, scanned };
}

describe('a teammate whose agent has a node', () => {
  it('is asked over the mesh as a peer of the local node, without a frame around the text', async () => {
    const { mesh, asked } = node({ ask: ({ text }) => `re: ${text}` });
    using line = await teamOf([bob], { mesh }).open(bob, live);
    expect(line).toMatchObject({ way: 'mesh', address: 'node http://bob.example:8787', latencyMs: 3 });
    const reply = await line.ask({ text: 'hello', session: 'main', timeoutMs: 7000 }, live);
    expect(reply).toEqual({ text: 're: hello', run: 'msg_1', elapsedMs: 5, answerId: 'answer_1' });
    expect(asked).toEqual([{ agent: undefined, to: bobId, text: 'hello', timeoutMs: 7000, root: true }]);
  });

  it('is asked further because of the answer, so that its budget holds', async () => {
    const { mesh, asked } = node();
    using line = await teamOf([bob], { mesh }).open(bob, live);
    const after = await line.ask({ text: 'one', session: 'main', timeoutMs: 7000 }, live);
    await line.ask({ text: 'two', session: 'main', timeoutMs: 7000, after }, live);
    expect(asked[1]).toMatchObject({ text: 'two', replyTo: 'answer_1', causedBy: 'answer_1' });
    expect(asked[1]).not.toHaveProperty('root');
  });

  it.each<[string, Node, string]>([
    ['is no peer', { peers: [malloryId] }, 'NOT_TRUSTED'],
    ['cannot be reached over any way', { routes: [{ kind: 'node', url: 'http://b', state: 'fails' }] }, 'UNREACHABLE'],
  ])('and %s is asked over the gateway, or not at all', async (_what, facts, code) => {
    const { mesh, asked } = node(facts);
    expect(await failure(teamOf([bob], { mesh }).open(bob, live))).toMatchObject({ code });
    await using gateway = await FakeGateway.start();
    const both = { ...teammateAt('Bob', gateway), mesh: bobId };
    using line = await teamOf([both], { mesh, tokens: { bob: gateway.token } }).open(both, live);
    expect(line.way).toBe('gateway');
    expect(asked).toEqual([]);
  });

  it('is asked over the gateway while no node runs here', async () => {
    await using gateway = await FakeGateway.start();
    const both = { ...teammateAt('Bob', gateway), mesh: bobId };
    using line = await teamOf([both], { tokens: { bob: gateway.token } }).open(both, live);
    expect(line.way).toBe('gateway');
  });

  it('is not asked over the gateway too when the mesh took the question', async () => {
    const { mesh } = node({
      ask: () => {
        throw new MeshError('ANSWER_TIMEOUT');
      },
    });
    await using gateway = await FakeGateway.start();
    const both = { ...teammateAt('Bob', gateway), mesh: bobId };
    using line = await teamOf([both], { mesh, tokens: { bob: gateway.token } }).open(both, live);
    expect(await failure(line.ask({ text: 'hello', session: 'main', timeoutMs: 1 }, live))).toMatchObject({
      code: 'ANSWER_TIMEOUT',
    });
    expect(gateway.connections).toBe(0);
  });
});

describe('a registry that has the address of a node in place of an id', () => {
  const at = { ...bob, mesh: 'https://bob.example/card.json' };

  it('means the only agent whose card is shown there', async () => {
    const { mesh, asked, scanned } = node({ at: [bobId] });
    using line = await teamOf([at], { mesh }).open(at, live);
    await line.ask({ text: 'hello', session: 'main', timeoutMs: 7000 }, live);
    expect(scanned).toEqual(['https://bob.example']);
    expect(asked).toMatchObject([{ to: bobId }]);
  });

  it.each([[[]], [[bobId, malloryId]]])('means nobody when the agents there are %j', async (ids) => {
    const { mesh } = node({ at: ids });
    expect(await failure(teamOf([at], { mesh }).open(at, live))).toMatchObject({ code: 'UNREACHABLE' });
  });

  it('does not make a stranger a peer', async () => {
    const { mesh, asked } = node({ at: [malloryId] });
    const error = await failure(teamOf([at], { mesh }).open(at, live));
    expect(error).toMatchObject({ code: 'NOT_TRUSTED' });
    expect(error.hint).toContain('mesh request https://bob.example,');
    expect(asked).toEqual([]);
  });
});
