import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

describe('the process', () => {
  test('1.9: needs no server and no socket for agents of one program, and ends by itself once they are closed', async () => {
    const program = `
      import { Agent, LocalHub } from '${join(import.meta.dirname, '../../src/index.ts')}';
      const hub = new LocalHub();
      const alice = new Agent('alice', { hub });
      const bob = new Agent('bob', { hub });
      bob.onMessage(({ text }) => 'heard ' + text);
      await hub.introduce();
      const { answer } = await alice.ask('bob', 'me?');
      const sockets = process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|TLS/.test(kind));
      console.log(answer.body, sockets.length);
      await alice.close();
      await bob.close();
    `;
    expect(await run(program)).toEqual({ code: 0, out: 'heard me? 0\n', err: '' });
  });

  test('ends by itself after close with a hub of its own, and no rejection is left unhandled when agents fail', async () => {
    const program = `
      import { Agent, HubServer, LocalHub, NetworkHub } from '${join(import.meta.dirname, '../../src/index.ts')}';
      const server = await new HubServer({ host: '127.0.0.1', port: 0 }).start();
      const agent = new Agent('alice', { hub: new NetworkHub({ host: '127.0.0.1', port: server.port }) });
      await agent.ready();
      const hub = new LocalHub();
      const twice = [new Agent('bob', { hub }), new Agent('bob', { hub })];
      new Agent('lost', { hub: new NetworkHub({ host: '127.0.0.1', port: 1 }) });
      agent.onError(() => { throw new Error('a handler that fails'); });
      await Promise.allSettled(twice.map((one) => one.ready()));
      await agent.close();
      for (const one of twice) await one.close();
      await server.close();
      console.log('done');
    `;
    expect(await run(program)).toEqual({ code: 0, out: 'done\n', err: '' });
  });

  test('1.10: says on stderr what happens from the level on that it is asked for', async () => {
    const program = (level: string): string => `
      import { Agent } from '${join(import.meta.dirname, '../../src/index.ts')}';
      const alice = new Agent('alice', { logLevel: '${level}' });
      await alice.ready();
      await alice.close();
    `;
    expect((await run(program('info'))).err).toContain('node.started');
    expect((await run(program('error'))).err).toBe('');
  });
});

/** A program of its own, to its end. */
async function run(
  source: string,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', source]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
