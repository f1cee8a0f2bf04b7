import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '#audit';
import { defaultLimits, systemClock } from '#kernel';
import type { MessageId } from '#protocol';
import { alice, bob } from '../../test/contracts/store/samples.ts';
import { openSqliteStore } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-crash-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Starts a writer on the store and kills it once it told of `count` messages. Returns all that it told of. */
async function writeAndKill(path: string, tag: string, count: number): Promise<readonly MessageId[]> {
  const script = join(import.meta.dirname, '../../test/contracts/store/crash-writer.ts');
  const child = spawn(process.execPath, ['--conditions=source', script, path, tag], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: MessageId[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line as MessageId);
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  return acknowledged;
}

describe('a process that is killed while it commits', () => {
  it('loses nothing that was acknowledged, and leaves no transaction half done', async () => {
    const path = join(root, 'mesh.db');
    const acknowledged: MessageId[] = [];
    // The same store every time: the later writers also recover what the earlier ones left.
    for (const [index, count] of [1, 2, 7, 40, 150, 600].entries()) {
      acknowledged.push(...(await writeAndKill(path, `t${index}`, count)));
      const store = await openSqliteStore({ path, clock: systemClock, limits: defaultLimits });
      const { audit, inbox, outbox } = store.read;
      for (const id of acknowledged) {
        expect(outbox.message(alice, id)?.frameId).toBe(id.replace('msg_', 'frm_'));
        expect(inbox.message(alice, id)?.state).toBe('new');
      }
      const stored = outbox.list({ agent: alice, limit: 100_000 });
      expect(stored.length).toBeGreaterThanOrEqual(acknowledged.length);
      expect(outbox.frames(alice, bob)).toHaveLength(stored.length);
      expect(outbox.waitingCount(alice, bob)).toBe(0);
      expect(inbox.counts(alice).waiting).toBe(stored.length);
      const verdict = verifyAudit(audit.entries({ limit: 100_000 }));
      expect(verdict).toMatchObject({ ok: true, entries: stored.length });
      await store.close();
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(800);
  });
});
