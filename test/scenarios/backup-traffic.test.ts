import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReadOnlyStore } from '#storage';
import { verifyAudit } from '#audit';
import type { MessageId } from '#protocol';
import { MeshHome } from '../support/mesh-process.ts';
import { inboxTexts, Story } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

const got = new Set(['delivered', 'seen', 'answered']);

/** Sends numbered messages as fast as they are accepted, until it is told to stop. */
class Flood {
  readonly accepted: MessageId[] = [];
  readonly #done: Promise<void>;
  #isOver = false;

  constructor(from: TestNode, to: string) {
    this.#done = this.#run(from, to);
  }

  async #run(from: TestNode, to: string): Promise<void> {
    for (let n = 0; !this.#isOver; n += 20) {
      const texts = Array.from({ length: 20 }, (_, k) => `m${n + k}`);
      const sent = await Promise.all(texts.map((text) => from.api.send({ to, text }, { signal })));
      this.accepted.push(...sent.map(({ id }) => id as MessageId));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }
}

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `m${n}`);

test('a backup that is made while messages stream both ways holds every message that was accepted before, and restored it doubles none', async () => {
  await using story = new Story();
  await using home = new MeshHome('mesh-traffic');
  const [alice, bob] = [await story.start('alice'), await story.start('bob')];
  await pair(alice, bob);
  const passphrase = join(home.dir, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n');
  const [file, machine] = [join(home.dir, 'a.backup'), join(home.dir, 'machine')];
  const flags = ['--passphrase-file', passphrase];

  const [out, back] = [new Flood(alice, 'bob'), new Flood(bob, 'alice')];
  await eventually([alice, bob], async () => out.accepted.length >= 200 && back.accepted.length >= 200);
  const before = [...out.accepted];
  const made = await home.json(['backup', file, '--state-dir', alice.dir, ...flags]);
  const during = out.accepted.length - before.length;
  await Promise.all([out.stop(), back.stop()]);
  expect(made).toMatchObject({ online: true });
  // The node went on meanwhile.
  expect(during).toBeGreaterThan(0);
  await alice.down();

  await home.json(['restore', file, '--state-dir', machine, ...flags]);
  const { read, close } = await openReadOnlyStore(join(machine, 'mesh.db'));
  for (const id of before) expect(read.outbox.message('alice', id)).toBeDefined();
  const held = read.outbox.list({ agent: 'alice', limit: 1_000_000 });
  expect(held.length).toBeGreaterThanOrEqual(before.length);
  expect(verifyAudit(read.audit.entries({ limit: 1_000_000 })).ok).toBe(true);
  await close();

  const again = await story.startOn(machine, 'alice');
  await eventually([again, bob], async () => {
    const rows = again.node.parts.store.read.outbox.list({ agent: 'alice', limit: 1_000_000 });
    return rows.length >= held.length && rows.every(({ state }) => got.has(state));
  });
  const last = await again.api.send({ to: 'bob', text: 'last' }, { signal });
  await eventually([again, bob], async () => got.has((await again.api.track({ id: last.id }, { signal })).state));
  // What the lost machine had sent after the backup and Bob has, he keeps; nothing came twice or out of its order.
  const texts = await inboxTexts(bob, 1_000_000);
  expect(texts).toEqual([...numbered(texts.length - 1), 'last']);
  expect(texts.length).toBeGreaterThan(held.length);
});
