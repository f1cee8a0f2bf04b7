import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits, silentLogger, systemClock } from '#kernel';
import { fromMessageJson } from '#protocol';
import { inboundMessage } from '../../test/support/inbound-message.ts';
import { commandRuntime } from './command.ts';
import { inboundJson } from './inbound-json.ts';
import type { Runtime } from './runtime.ts';
import { webhookRuntime } from './webhook.ts';

const text = readFileSync(new URL('../../docs/runtimes.md', import.meta.url), 'utf8');
const secret = 'the shared secret';
const settings = { concurrency: 1, clock: systemClock, limits: defaultLimits, logger: silentLogger };
let folder: string;

function example(name: string): string {
  const code = text.split(`<!-- example: ${name} -->`)[1]?.split('```')[1];
  if (code === undefined) throw new Error(`docs/runtimes.md has no example ${name}`);
  return code.slice(code.indexOf('\n') + 1);
}

/** Not every machine has Python and jq; the examples in Node run everywhere. */
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-docs-'));
  writeFileSync(join(folder, 'webhook-secret'), `${secret}\n`);
  for (const name of ['command.sh', 'command.py', 'command.mjs', 'webhook.mjs', 'webhook.py']) {
    writeFileSync(join(folder, name), example(name));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const ask = (runtime: Runtime) => runtime.handle(inboundMessage(), { signal: new AbortController().signal });

describe('the message in docs/runtimes.md', () => {
  it('is exactly what a handler gets', () => {
    const shown = JSON.parse(text.split('```json')[1]?.split('```')[0] ?? '') as Record<string, unknown>;
    const { senderName, attempt, ...message } = shown;
    const inbound = { message: fromMessageJson(message), senderName: String(senderName), attempt: Number(attempt) };
    expect(JSON.parse(inboundJson(inbound))).toEqual(shown);
  });
});

describe('a command in docs/runtimes.md', () => {
  const run = (...command: readonly string[]) =>
    ask(commandRuntime({ ...settings, command, cwd: folder, timeoutMs: 30_000 }));

  it.skipIf(!has('jq'))('answers in bash', async () => {
    expect((await run('bash', 'command.sh'))?.body.trim()).toBe('5');
  });

  it.skipIf(!has('python3'))('answers in Python', async () => {
    expect(await run('python3', 'command.py')).toEqual({ body: 'WHAT IS 1 + 1?', subject: 'For bob' });
  });

  it('answers in Node', async () => {
    expect(await run(process.execPath, 'command.mjs')).toEqual({ body: 'Hello bob', metadata: { attempt: 1 } });
  });
});

describe('a webhook in docs/runtimes.md', () => {
  /** Starts the receiver on a free port and asks it twice: with its secret, and with another one. */
  async function tryOut(...command: readonly [string, string]): Promise<unknown[]> {
    const child = spawn(command[0], [command[1]], {
      cwd: folder,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
      const url = `http://127.0.0.1:${await firstLine(child)}/mesh`;
      const results = [];
      for (const given of [secret, 'another secret']) {
        const runtime = webhookRuntime({ ...settings, url, secret: given, timeoutMs: 30_000 });
        results.push(await ask(runtime).catch((error: unknown) => error));
      }
      return results;
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  }

  const firstLine = (child: ChildProcess): Promise<string> =>
    new Promise((resolve, reject) => {
      child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      child.once('close', () => reject(new Error('the receiver ended before it listened')));
    });

  const expected = [{ body: 'Hello bob' }, { code: 'HANDLER_FAILED', data: { status: 401 } }];

  it('answers in Node, and only to its node', async () => {
    expect(await tryOut(process.execPath, 'webhook.mjs')).toMatchObject(expected);
  });

  it.skipIf(!has('python3'))('answers in Python, and only to its node', async () => {
    expect(await tryOut('python3', 'webhook.py')).toMatchObject(expected);
  });
});
