import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NodeApi } from '../../plugins/openclaw/src/node-api.js';
import { settingsOf } from '../../plugins/openclaw/src/settings.js';
import { startNode } from '../../plugins/openclaw/src/start-node.js';
import { launch, MeshHome } from '../support/mesh-process.ts';

function starter(home: MeshHome, given: object) {
  const said: string[] = [];
  const log = (text: string): void => void said.push(text);
  const settings = settingsOf(
    { stateDir: home.stateDir, meshCommand: [process.execPath, ...launch()], ...given },
    { defaultAgent: 'main', environment: {} },
  );
  const node = new NodeApi(settings);
  const start = () => startNode({ settings, node, logger: { info: log, warn: log, error: log } });
  return { said, node, start };
}

it('the plugin makes the agent that the owner named, starts its node, and leaves one alone that runs', async () => {
  await using home = new MeshHome('mesh-start');
  const { said, node, start } = starter(home, { agents: { main: 'carol' } });
  await start();
  expect(said.join('\n')).toContain('made the agent carol');
  expect((await node.call('agents', {})).agents.map(({ name }) => name)).toEqual(['carol']);
  const pid = home.nodePid();
  await start();
  expect([home.nodePid(), said.length]).toEqual([pid, 2]);
  node.close();
});

it('the plugin says what to do when it cannot start a node', async () => {
  await using home = new MeshHome('mesh-start');
  const unnamed = starter(home, {});
  await unnamed.start();
  expect(unnamed.said.join('\n')).toContain('mesh init');
  const missing = starter(home, { meshCommand: [join(home.dir, 'no-such-mesh')] });
  await missing.start();
  expect(missing.said.join('\n')).toMatch(/ENOENT.*set meshCommand/);
});
