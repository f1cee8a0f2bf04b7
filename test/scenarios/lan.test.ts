import { describe, expect, test } from 'vitest';
import { PlantedLan } from '../support/planted-lan.ts';
import { codeOfRejection, Story } from '../support/story.ts';
import { signal, type TestNode } from '../support/test-agents.ts';

const lanOn = { lan: { enabled: true, interface: '127.0.0.1' } };

async function found(node: TestNode) {
  const events: { readonly type: string }[] = [];
  const nodes: { readonly url: string; readonly agents: readonly object[] }[] = [];
  for await (const event of node.api.scanLan({ timeoutMs: 30 }, { signal })) {
    events.push(event);
    if (event.type === 'found') nodes.push(event);
  }
  return { nodes, done: events.at(-1) };
}

describe('nodes on the local network', () => {
  test('are found with verified cards, make nobody a contact, and leave out the one that looks', async () => {
    await using story = new Story();
    const lan = new PlantedLan();
    const [alice, bob] = [await story.start('alice', { lan }), await story.start('bob')];
    lan.hear(alice.endpoint, { name: 'mesh-a' });
    lan.hear(bob.endpoint, { name: 'mesh-b' });
    const { nodes, done } = await found(alice);
    expect(nodes).toMatchObject([
      {
        url: bob.endpoint,
        agents: [{ name: 'bob', agentId: bob.host.agent.agentId, fingerprint: expect.any(String) }],
      },
    ]);
    expect(done).toMatchObject({ type: 'done', total: 2, found: 1, ignored: 0 });
    expect((await alice.api.contacts({}, { signal })).contacts).toEqual([]);
    expect((await bob.api.contacts({}, { signal })).contacts).toEqual([]);
  });

  test('that are contacts already are named as such', async () => {
    await using story = new Story();
    const lan = new PlantedLan();
    const [alice, bob] = [await story.start('alice', { lan }), await story.start('bob')];
    await alice.api.request({ target: bob.endpoint, petname: 'bobby' }, { signal });
    lan.hear(bob.endpoint);
    const { nodes } = await found(alice);
    expect(nodes[0]?.agents).toMatchObject([{ contact: { petname: 'bobby', state: 'requested-out' } }]);
  });

  test('are looked for only by a machine that can', async () => {
    await using story = new Story();
    const lan = new PlantedLan();
    const alice = await story.start('alice', { lan });
    lan.broken = 'no network';
    expect(await codeOfRejection(found(alice))).toBe('LAN_UNAVAILABLE');
  });
});

describe('a node that others may find', () => {
  test('says so in status and doctor, and nothing of it when they may not', async () => {
    await using story = new Story();
    const lan = new PlantedLan();
    const [alice, bob] = [await story.start('alice', { lan, config: lanOn }), await story.start('bob', { lan })];
    const { port } = alice.node.listening.publicAddress;
    expect(lan.announced).toEqual([{ name: 'mesh-1', port, interface: '127.0.0.1' }]);
    expect(await alice.api.status({}, { signal })).toMatchObject({
      lan: { name: 'mesh-1', interface: '127.0.0.1' },
      warnings: [],
    });
    expect((await alice.api.doctor({}, { signal })).findings).toMatchObject([
      { check: 'lan', severity: 'note', message: expect.stringContaining('mesh-1') },
    ]);
    expect(await bob.api.status({}, { signal })).not.toHaveProperty('lan');
    expect((await bob.api.doctor({}, { signal })).findings).toEqual([]);
    await alice.down();
    expect(lan.announced).toEqual([]);
  });

  test('and cannot be found warns of it, and does everything else', async () => {
    await using story = new Story();
    const lan = new PlantedLan();
    lan.broken = 'no network';
    const alice = await story.start('alice', { lan, config: lanOn });
    const problem = { code: 'LAN_UNAVAILABLE', message: 'no network', hint: expect.stringContaining('mesh doctor') };
    expect(await alice.api.status({}, { signal })).toMatchObject({ lan: { problem }, warnings: [problem] });
    expect((await alice.api.doctor({}, { signal })).findings).toMatchObject([
      { check: 'lan', severity: 'warning', message: 'no network' },
    ]);
  });
});
