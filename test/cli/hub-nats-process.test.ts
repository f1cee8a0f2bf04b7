import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#kernel';
import { decodeFrame } from '#protocol';
import { type HubPlace, joinHub } from '../support/hub-network.ts';
import { fetchAll, mailFrom } from '../support/hub-world.ts';
import { alice, bob } from '../support/link-agents.ts';
import { MeshHome } from '../support/mesh-process.ts';
import { hasNatsServer, NatsServer } from '../support/nats-server.ts';

describe.runIf(hasNatsServer)('mesh hub --store nats://…', () => {
  it('is one hub in several folders that have its key, and none in a folder with another', async () => {
    await using server = await NatsServer.start();
    await using home = new MeshHome('mesh-hub-nats');
    const folders = ['one', 'two', 'three'].map((name) => join(home.dir, name));
    const [one = '', two = '', three = ''] = folders;
    const words = (folder: string): string[] => [
      'hub',
      '--port',
      '0',
      '--json',
      '--state-dir',
      folder,
      '--store',
      server.url,
    ];
    const start = async (folder: string): Promise<HubPlace> => {
      const info = JSON.parse(await home.start(words(folder)).output(/^\}/m)) as {
        url: string;
        agentId: HubPlace['hub'];
      };
      return { url: info.url, hub: info.agentId };
    };
    const first = await start(one);
    mkdirSync(two, { mode: 0o700 });
    copyFileSync(join(one, 'hub-key'), join(two, 'hub-key'));
    const second = await start(two);
    expect(second.hub).toBe(first.hub);
    expect(existsSync(join(one, 'hub.db'))).toBe(false);

    const receiver = await joinHub(second, bob, 'bob');
    const sender = await joinHub(first, alice, 'alice');
    const createdAt = systemClock.now();
    const frame = { ...mailFrom(alice, bob), createdAt, expiresAt: createdAt + 3_600_000 };
    expect(await sender.link.sendFrame(frame)).toMatchObject({ kind: 'stored' });
    const { items } = await receiver.link.ask({ ...fetchAll, waitMs: 60_000 });
    expect(items.map((item) => decodeFrame(item.frame).id)).toEqual([frame.id]);
    expect(await home.json(['hub', 'admin', 'agents', '--state-dir', two])).toMatchObject([
      { name: 'alice' },
      { name: 'bob', online: true, frames: 1 },
    ]);

    const refused = await home.run(words(three));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('HUB_STORE_UNSUITABLE')]);
    expect(refused.stderr).toContain(first.hub);
  });
});
