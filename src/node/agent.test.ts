import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { codeOf } from '#kernel';
import { Agent } from './agent.ts';

const dirs: string[] = [];
const agents: Agent[] = [];

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

async function open(name: string): Promise<Agent> {
  const stateDir = mkdtempSync(join(tmpdir(), `mesh-${name}-`));
  dirs.push(stateDir);
  const agent = await Agent.open({ name, stateDir });
  agents.push(agent);
  return agent;
}

/** Resolves when the look is true; it looks again after whatever the agent tells. */
async function when(agent: Agent, look: () => Promise<boolean>): Promise<void> {
  const end = new AbortController();
  const events = agent.events({ signal: end.signal })[Symbol.asyncIterator]();
  for (let next = events.next(); !(await look()); next = events.next()) await next;
  end.abort();
}

const isIn = (agent: Agent, id: string, state: string) =>
  when(agent, async () => (await agent.track(id)).state === state);

describe('an agent in this process', () => {
  test('asks another one, and hears its answer', async () => {
    const [alice, bob] = [await open('alice'), await open('bob')];
    bob.onMessage(({ text }) => `heard: ${text}`);
    await bob.join((await alice.invite()).invite);
    const { request, answer } = await alice.ask('bob', 'hello?');
    expect(answer).toMatchObject({ body: 'heard: hello?' });
    await isIn(alice, request, 'answered');
  });

  test('takes a message back that waits, and cannot take back what has left', async () => {
    const [alice, bob] = [await open('alice'), await open('bob')];
    await bob.join((await alice.invite()).invite);
    const sent = await alice.send('bob', 'on its way');
    await isIn(alice, sent.id, 'delivered');
    expect(await alice.cancel(sent.id).catch(codeOf)).toBe('WRONG_STATE');
    await bob.close();
    agents.splice(agents.indexOf(bob), 1);
    await when(alice, async () => (await alice.peers()).every(({ link }) => link === 'down'));
    const { id } = await alice.send('bob', 'never mind');
    expect(await alice.cancel(id)).toMatchObject({ id, state: 'cancelled' });
    expect(await alice.track(id)).toMatchObject({ state: 'cancelled' });
  });
});
