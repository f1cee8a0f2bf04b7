import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, type Logger, type MeshError, silentLogger, toMeshError } from '#kernel';
import { toMessageJson } from '#protocol';
import { inboundMessage } from '../../test/support/inbound-message.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { openSignalSocket, type SignalSocket } from '../../test/support/signal-socket.ts';
import { type CommandOptions, commandRuntime } from './command.ts';
import { killGraceMs } from './program.ts';
import type { Answer, InboundMessage } from './runtime.ts';

const timeoutMs = 5000;
let clock: ManualClock;
let folder: string;
let sockets: SignalSocket;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-command-'));
  sockets = await openSignalSocket();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await sockets.close();
});
beforeEach(() => {
  clock = new ManualClock();
});
afterEach(() => {
  expect(clock.sleeping, 'no timer is left').toBe(0);
});

/** A program in JavaScript; `input` holds all of its stdin. */
const reading = (body: string): readonly string[] =>
  script(`let input = ''; process.stdin.on('data', (c) => (input += c)).on('end', () => { ${body} });`);
const script = (body: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  '-e',
  body,
  '--',
  ...args,
];

function runtimeOf(command: readonly string[], changed: Partial<CommandOptions> = {}) {
  return commandRuntime({
    command,
    timeoutMs,
    concurrency: 1,
    clock,
    limits: defaultLimits,
    logger: silentLogger,
    ...changed,
  });
}

function run(command: readonly string[], changed: Partial<CommandOptions> & { inbound?: InboundMessage } = {}) {
  const { inbound = inboundMessage(), ...options } = changed;
  return runtimeOf(command, options).handle(inbound, { signal: new AbortController().signal });
}

const failure = (result: Promise<Answer | undefined>): Promise<MeshError> =>
  result.then(
    () => {
      throw new Error('the handler did not fail');
    },
    (error: unknown) => toMeshError(error),
  );

describe('a command', () => {
  it('gets the message, the name of its sender and the attempt as JSON, and answers with JSON', async () => {
    const inbound = inboundMessage();
    const command = reading(
      'process.stdout.write(JSON.stringify({ body: "2", subject: "re", metadata: JSON.parse(input) }))',
    );
    const answer = await run(command, { inbound });
    expect(answer).toEqual({
      body: '2',
      subject: 're',
      metadata: { ...toMessageJson(inbound.message), senderName: 'bob', attempt: 1 },
    });
    expect(answer?.metadata).toMatchObject({ type: 'request', payload: { subject: 'sum', body: 'what is 1 + 1?' } });
  });

  it('answers with text', async () => {
    expect(await run(script('console.log("two")'))).toEqual({ body: 'two' });
  });

  it('answers a request with an empty body when it writes nothing, and other messages not at all', async () => {
    expect(await run(script(''))).toEqual({ body: '' });
    expect(
      await run(script('console.log("thanks")'), { inbound: inboundMessage({ type: 'notification' }) }),
    ).toBeUndefined();
  });

  it('is offered requests, notifications and alerts unless told otherwise', () => {
    expect(runtimeOf(['true']).types).toEqual(['request', 'notification', 'alert']);
    expect(runtimeOf(['true'], { types: ['alert'], concurrency: 4 })).toMatchObject({
      types: ['alert'],
      concurrency: 4,
    });
  });

  it('need not read its input, however long that is', async () => {
    const inbound = inboundMessage({ payload: { body: '\u0001'.repeat(60_000) } });
    expect(await run(script('process.stdin.destroy(); console.log("did not listen")'), { inbound })).toEqual({
      body: 'did not listen',
    });
  });

  it('may leave something running that holds its output: its answer counts', async () => {
    const daemon = `require("net").connect(${sockets.port}, "127.0.0.1").on("close", () => process.exit())`;
    const options = '{ stdio: "inherit", detached: true }';
    const spawn = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(daemon)}], ${options})`;
    const answer = run(
      script(`process.stdout.write("done"); ${spawn}.unref(); process.exitCode = 0; process.stdin.destroy()`),
    );
    const left = await sockets.next();
    // The timeout, and after the end of the program the wait for its pipes.
    await clock.whenSleeping(2);
    await clock.advance(killGraceMs);
    expect(await answer).toEqual({ body: 'done' });
    left.end();
  });
});

describe('text in a message', () => {
  it('is never code, an option or a path', async () => {
    const proof = join(folder, 'pwned');
    const touch = `touch ${proof}`;
    const evil = `"; ${touch} #\n$(${touch}) \`${touch}\` '; ${touch} '\n--eval=1 -rf / ../../x \u0000 %s {a,b} *`;
    const inbound = inboundMessage(
      { payload: { subject: evil, body: evil, metadata: { [evil]: evil } } },
      `agent-b$(touch ${proof})`,
    );
    for (const command of [['cat'], ['bash', '-c', 'cat'], reading('process.stdout.write(input)')]) {
      const answer = await run(command, { inbound });
      const expected: unknown = JSON.parse(
        JSON.stringify({ ...toMessageJson(inbound.message), senderName: inbound.senderName, attempt: 1 }),
      );
      expect(JSON.parse(answer?.body ?? '')).toEqual(expected);
    }
    expect(existsSync(proof)).toBe(false);
  });

  it('that configures the command is passed on as it is', async () => {
    const args = ['$(id)', '*', 'a b', '"', "'", '`id`', '${HOME}', '~'];
    expect(await run(script('console.log(JSON.stringify(process.argv.slice(1)))', ...args))).toEqual({
      body: JSON.stringify(args),
    });
  });
});

describe('the environment of a command', () => {
  it('has what programs need and what is configured, and nothing else of the node', async () => {
    process.env['MESH_TEST_PASSPHRASE'] = 'secret';
    try {
      const answer = await run(script('console.log(JSON.stringify(process.env))'), { env: { MODE: 'test' } });
      const names = Object.keys(JSON.parse(answer?.body ?? '') as object);
      expect(names).toContain('PATH');
      expect(names).toContain('MODE');
      expect(names).toContain('MESH_MESSAGE_ID');
      expect(names).not.toContain('MESH_TEST_PASSPHRASE');
      expect(names.filter((name) => /NODE_|VITEST|TOKEN|SECRET/.test(name))).toEqual([]);
    } finally {
      delete process.env['MESH_TEST_PASSPHRASE'];
    }
  });

  it('has the working folder that is configured', async () => {
    expect(await run(script('console.log(process.cwd())'), { cwd: folder })).toEqual({ body: folder });
  });
});

describe('a command that fails', () => {
  it('tells its exit code and the end of what it wrote to stderr, which stays out of the log', async () => {
    const lines: string[] = [];
    const note = (event: string, fields?: unknown): void => void lines.push(JSON.stringify([event, fields]));
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    const error = await failure(
      run(script('console.error("start" + "x".repeat(3000) + "the end"); process.exitCode = 3'), { logger }),
    );
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', data: { exitCode: 3 } });
    expect(error.message).toContain('exit code 3');
    expect(error.data['detail']).toMatch(/^x{2000,}the end\n$/);
    expect(String(error.data['detail'])).toHaveLength(2048);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('the end');
  });

  it('tells the signal that ended it', async () => {
    const error = await failure(run(script('process.kill(process.pid, "SIGKILL")')));
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', data: { exitCode: null, exitSignal: 'SIGKILL' } });
  });

  it('by writing too much is ended', async () => {
    const error = await failure(
      run(script('const go = () => process.stdout.write("x".repeat(9999), go); go()'), { maxOutputBytes: 20_000 }),
    );
    expect(error.code).toBe('HANDLER_FAILED');
    expect(error.message).toContain('more than 20000 bytes');
  });

  it('because it does not exist, may not run, or has no folder, says which', async () => {
    const text = join(folder, 'not-executable');
    writeFileSync(text, 'text', { mode: 0o600 });
    const missing = await failure(run(['no-such-program-9']));
    expect(missing).toMatchObject({ code: 'HANDLER_FAILED', data: { reason: 'ENOENT' } });
    expect(missing.message).toBe('no-such-program-9 could not be started: there is no such program');
    expect((await failure(run([text]))).message).toContain('not executable');
    expect((await failure(run(['cat'], { cwd: join(folder, 'gone') }))).message).toContain('does not exist');
    expect((await failure(run(['a\0b']))).code).toBe('HANDLER_FAILED');
  });

  it('is not configured without a program', () => {
    expect(() => runtimeOf([])).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    expect(() => runtimeOf([''])).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
  });
});

describe('a command that hangs', () => {
  const connect = () =>
    `const socket = require("net").connect(${sockets.port}, "127.0.0.1"); setInterval(() => {}, 1e6);`;
  const stubborn = () => script(`${connect()} process.on("SIGTERM", () => socket.write("asked to end"));`);

  it('is asked to end when its time is over', async () => {
    const result = failure(run(script(connect())));
    const program = await sockets.next();
    await clock.advance(timeoutMs - 1);
    await clock.advance(1);
    const error = await result;
    expect(error).toMatchObject({ code: 'HANDLER_TIMEOUT', data: { exitSignal: 'SIGTERM' } });
    expect(error.message).toContain('5000 ms');
    await program.gone;
  });

  it('is killed two seconds later when it does not', async () => {
    const result = failure(run(stubborn()));
    const program = await sockets.next();
    await clock.advance(timeoutMs);
    expect(await program.said()).toBe('asked to end');
    await clock.advance(killGraceMs);
    expect(await result).toMatchObject({ code: 'HANDLER_TIMEOUT', data: { exitSignal: 'SIGKILL' } });
    await program.gone;
  });

  it('is ended with all that it started', async () => {
    const child = `process.on("SIGTERM", () => {}); ${connect()}`;
    const result = failure(
      run(script(`require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); ${connect()}`)),
    );
    const programs = [await sockets.next(), await sockets.next()];
    await clock.advance(timeoutMs);
    expect((await result).code).toBe('HANDLER_TIMEOUT');
    await Promise.all(programs.map(({ gone }) => gone));
  });

  it('is ended likewise when the node stops', async () => {
    const stop = new AbortController();
    const reason = new Error('stopping');
    const result = runtimeOf(stubborn()).handle(inboundMessage(), { signal: stop.signal });
    const thrown = result.catch((error: unknown) => error);
    const program = await sockets.next();
    stop.abort(reason);
    expect(await program.said()).toBe('asked to end');
    await clock.advance(killGraceMs);
    expect(await thrown).toBe(reason);
    await program.gone;
  });

  it('is not even started when the node stops already', async () => {
    const result = runtimeOf(['no-such-program-9']).handle(inboundMessage(), {
      signal: AbortSignal.abort(new Error('over')),
    });
    await expect(result).rejects.toThrow('over');
  });
});
