import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '#kernel';
import { eventually, handledBy, pair, signal, TestNode } from '../support/test-agents.ts';
import { WireTap } from '../support/wire-tap.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const secretText = 'the-launch-code-is-4711';
const secretAnswer = 'understood-and-forgotten';

/** Unmasks what a WebSocket client sent (RFC 6455 §5.3): a listener on the wire can do that too. */
function unmasked(bytes: Buffer): string {
  const texts = [bytes.toString('latin1')];
  for (let shift = 0; shift < bytes.length - 6; shift += 1) {
    if ((bytes[shift] ?? 0) !== 0x82 || ((bytes[shift + 1] ?? 0) & 0x80) === 0) continue;
    const short = (bytes[shift + 1] ?? 0) & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    const length = short === 126 ? bytes.readUInt16BE(shift + 2) : short;
    const mask = bytes.subarray(shift + head, shift + head + 4);
    const body = bytes.subarray(shift + head + 4, shift + head + 4 + length);
    texts.push(Buffer.from(body.map((byte, index) => byte ^ (mask[index % 4] ?? 0))).toString('latin1'));
  }
  return texts.join('\n');
}

async function converse(logger: Logger): Promise<{ alice: TestNode; bob: TestNode; tap: WireTap; invite: string }> {
  const tap = await WireTap.start();
  const alice = await TestNode.start({ name: 'alice', logger, config: { endpoints: [tap.url] } });
  open.push(tap, alice);
  tap.target(alice.node.listening.publicAddress.port);
  const bob = await TestNode.start({ name: 'bob', logger, runtime: handledBy(() => secretAnswer) });
  open.push(bob);
  await pair(alice, bob);
  const { invite } = await alice.api.invite({}, { signal });
  const { answer } = await alice.api.ask(
    { to: 'bob', text: secretText, subject: 'secret-subject', timeoutMs: 20_000 },
    { signal },
  );
  expect(answer.body).toBe(secretAnswer);
  await bob.api.send({ to: 'alice', text: secretText }, { signal });
  await eventually([alice, bob], async () => (await alice.api.inbox({}, { signal })).messages.length === 2);
  return { alice, bob, tap, invite };
}

describe('what others get to see', () => {
  test('of the wire is neither text, subject nor answer, also after taking WebSocket masks off', async () => {
    const { tap, alice } = await converse(silent);
    const wire = unmasked(tap.seen);
    // The control: what is not secret is there to be found, so the search works.
    expect(wire).toContain(alice.host.agent.agentId);
    for (const secret of [secretText, secretAnswer, 'secret-subject']) expect(wire).not.toContain(secret);
  });

  test('of the logs is no text and no secret, at the most talkative level', async () => {
    const lines: string[] = [];
    const { invite, alice, bob } = await converse(recording(lines));
    const log = lines.join('\n');
    expect(log).toContain(alice.host.agent.agentId);
    const keys = [alice, bob].map(({ dir }) => readFileSync(join(dir, 'private_key.pem'), 'utf8').split('\n')[1] ?? '');
    for (const secret of [secretText, secretAnswer, 'secret-subject', invite.slice(5, 60), ...keys]) {
      expect(secret.length).toBeGreaterThan(8);
      expect(log).not.toContain(secret);
    }
  });

  test('of the state folder by other users is nothing that is secret', async () => {
    const { alice } = await converse(silent);
    await alice.down();
    for (const name of readdirSync(alice.dir)) {
      if (name === 'identity.json' || name === 'mesh.toml' || name === 'agents') continue;
      expect([name, statSync(join(alice.dir, name)).mode & 0o077]).toEqual([name, 0]);
    }
  });

  test('of the database is no session and no key package in the clear', async () => {
    const { alice } = await converse(silent);
    const seed = alice.host.agent.self.device.seed;
    await alice.down();
    expect(readFileSync(join(alice.dir, 'mesh.db')).includes(Buffer.from(seed))).toBe(false);
  });
});

const ignore = (): void => {};
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function recording(lines: string[]): Logger {
  const line = (event: string, fields: LogFields = {}): void => {
    lines.push(`${event} ${JSON.stringify(fields)}`);
  };
  return { debug: line, info: line, warn: line, error: line };
}
