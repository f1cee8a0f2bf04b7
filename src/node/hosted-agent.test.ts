import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemClock, systemRandom } from '#kernel';
import { fileSystem } from './agent-disk.ts';
import { type AgentFiles, createFirstAgent, loadAgents } from './agent-files.ts';
import { HostedAgent } from './hosted-agent.ts';
import { stateDir } from './state-dir.ts';

let dir = '';
let files: AgentFiles;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-hosted-'));
  files = await createFirstAgent(stateDir(dir), { name: 'alice', endpoints: [] }, { ...ports, force: false });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits };
const onDisk = async (): Promise<AgentFiles | undefined> => (await loadAgents(stateDir(dir), ports))[0];

describe('an agent whose card and keys change at the same time', () => {
  test('keeps what each change says, on disk too', async () => {
    const agent = new HostedAgent({ files, ports, logger: silentLogger });
    const hub = `http://hub.test/${agent.agentId}`;
    await Promise.all([
      agent.publish({ endpoints: ['http://one.test'] }),
      agent.publish({ mailboxes: [hub] }),
      agent.rotate(),
      agent.publish({ capabilities: [{ id: 'translate', description: 'translates', tags: [] }] }),
    ]);
    const said = {
      endpoints: ['http://one.test'],
      mailboxes: [hub],
      capabilities: [{ id: 'translate', description: 'translates', tags: [] }],
      agentId: agent.agentId,
      seq: files.card.seq + 4,
    };
    expect(agent.card()).toMatchObject(said);
    expect((await onDisk())?.card).toMatchObject(said);
    expect(agent.formerIds).toEqual([files.card.agentId]);
  });

  test('goes on from what is on disk when a card could not be written', async () => {
    let full = true;
    const disk = {
      ...fileSystem,
      write: async (path: string, text: string) => {
        if (full) throw new Error('the disk is full');
        await fileSystem.write(path, text);
      },
    };
    const agent = new HostedAgent({ files, ports: { ...ports, disk }, logger: silentLogger });
    await expect(agent.publish({ endpoints: ['http://one.test'] })).rejects.toThrow('full');
    expect(agent.card()).toEqual(files.card);
    full = false;
    await agent.publish({ endpoints: ['http://one.test'] });
    expect(JSON.parse(readFileSync(join(dir, 'identity.json'), 'utf8'))).toMatchObject({
      endpoints: ['http://one.test'],
    });
  });
});
