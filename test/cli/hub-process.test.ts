import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlobIdMaker, chunkIdOf, decodeFrame, type Frame, type FrameId, verifyHubReceipt } from '#protocol';
import type { Link } from '#link';
import { Deposit, type DepositOptions, type FileRow } from '#delivery';
import { defaultLimits, systemClock } from '#kernel';
import { failure } from '../support/failure.ts';
import { dialHub, type HubPlace, joinHub } from '../support/hub-network.ts';
import { fetchAll, mailFrom } from '../support/hub-world.ts';
import { alice, bob } from '../support/link-agents.ts';
import { MeshHome, type RunningMesh } from '../support/mesh-process.ts';

let home: MeshHome;
let folder: readonly string[];
beforeEach(() => {
  home = new MeshHome('mesh-hub');
  folder = ['--state-dir', join(home.dir, 'hub')];
});
afterEach(() => home[Symbol.asyncDispose]());

interface RunningHub extends HubPlace {
  readonly process: RunningMesh;
}

async function startHub(...more: readonly string[]): Promise<RunningHub> {
  const process = home.start(['hub', '--port', '0', '--json', ...folder, ...more]);
  const info = JSON.parse(await process.output(/^\}/m)) as { url: string; agentId: HubPlace['hub'] };
  return { process, url: info.url, hub: info.agentId };
}

/** Now, so that nothing has expired for the clock of the machine. */
function freshMail(): Frame {
  const createdAt = systemClock.now();
  return { ...mailFrom(alice, bob, { size: 2000 }), createdAt, expiresAt: createdAt + 3_600_000 };
}

async function untilThere(deposit: Deposit): Promise<void> {
  while (!deposit.isThere) await deposit.advance();
}

/** What a node has of a file of so many chunks that it sent. */
function sealedFile(chunks: number): { readonly row: FileRow; readonly bytes: Buffer } {
  const size = chunks * defaultLimits.blobChunkBytes;
  const sealedChunk = defaultLimits.blobChunkBytes + 16;
  const bytes = randomBytes(chunks * sealedChunk);
  const address = new BlobIdMaker();
  for (let no = 0; no < chunks; no += 1)
    address.add(chunkIdOf([bytes.subarray(no * sealedChunk, (no + 1) * sealedChunk)]));
  const row: FileRow = {
    no: 1,
    agent: 'alice',
    peer: bob.agentId,
    direction: 'out',
    message: 'msg_1',
    place: 0,
    blob: address.end(),
    size,
    state: 'open',
    have: 0,
    data: 'd',
    createdAt: 0,
    expiresAt: 1,
  };
  return { row, bytes };
}

/** Fills the parts with what is there from the offset on. */
const readOf =
  (bytes: Buffer): DepositOptions['read'] =>
  async (_row, { offset }, parts) => {
    let at = offset;
    for (const part of parts) at += bytes.copy(part, 0, at, at + part.length);
  };

async function idsIn(link: Link): Promise<readonly FrameId[]> {
  const ids: FrameId[] = [];
  let place: { epoch?: Uint8Array; after: number } = { after: 0 };
  for (let more = true; more;) {
    const page = await link.ask({ ...fetchAll, ...place });
    ids.push(...page.items.map(({ frame }) => decodeFrame(frame).id));
    place = { epoch: page.epoch, after: page.items.at(-1)?.cursor ?? 0 };
    more = page.more;
  }
  return ids;
}

describe('mesh hub as a process', () => {
  it('loses nothing that it answered "stored" when it is killed in mid traffic, and stores nothing twice', async () => {
    const first = await startHub();
    await joinHub(first, bob, 'bob');
    const sender = await joinHub(first, alice, 'alice');
    const frames = Array.from({ length: 1200 }, freshMail);
    const stored = new Set<FrameId>();
    const enough = Promise.withResolvers<void>();
    const sending = frames.map(async (frame) => {
      const outcome = await sender.link.sendFrame(frame);
      if (outcome.kind !== 'stored') return;
      verifyHubReceipt(outcome.receipt, { hub: first.hub, frameId: frame.id, to: bob.agentId });
      stored.add(frame.id);
      if (stored.size === 300) enough.resolve();
    });
    const ended = Promise.allSettled(sending);
    await enough.promise;
    await first.process.end('SIGKILL');
    await ended;
    expect(stored.size).toBeLessThan(frames.length);

    const second = await startHub();
    expect(second.hub).toBe(first.hub);
    const receiver = await dialHub(second.url, second.hub, bob);
    const found = await idsIn(receiver.link);
    expect([...stored].filter((id) => !found.includes(id))).toEqual([]);
    const again = await dialHub(second.url, second.hub, alice);
    const outcomes = await Promise.all(frames.map((frame) => again.link.sendFrame(frame)));
    expect(outcomes.every(({ kind }) => kind === 'stored')).toBe(true);
    const all = await idsIn(receiver.link);
    expect([all.length, new Set(all).size]).toEqual([frames.length, frames.length]);
    expect(await second.process.end('SIGTERM')).toMatchObject({ code: 0 });
  });

  it('goes on with a file that is put there where it was killed in the middle of it, and gives it out whole', async () => {
    const first = await startHub();
    await joinHub(first, bob, 'bob');
    const { row, bytes } = sealedFile(40);
    const depositOver = (link: Link): Deposit =>
      new Deposit({
        row,
        link,
        clock: systemClock,
        limits: defaultLimits,
        reader: () => bob.agentId,
        read: readOf(bytes),
      });
    const before = depositOver((await joinHub(first, alice, 'alice')).link);
    while (before.have < bytes.length / 2) await before.advance();
    const cutOff = failure(untilThere(before));
    await first.process.end('SIGKILL');
    expect((await cutOff).code).toBe('LINK_CLOSED');

    const second = await startHub();
    const after = depositOver((await dialHub(second.url, second.hub, alice)).link);
    await after.advance();
    expect(after.have).toBeGreaterThanOrEqual(bytes.length / 2);
    await untilThere(after);
    const { link } = await dialHub(second.url, second.hub, bob);
    const got: Uint8Array[] = [];
    for (let offset = 0; offset < bytes.length; offset += defaultLimits.blobAskBytes) {
      const ask = {
        blob: row.blob,
        offset,
        bytes: Math.min(defaultLimits.blobAskBytes, bytes.length - offset),
        have: 0,
      };
      await link.getBlob(ask, (piece) => got.push(Uint8Array.from(piece)));
    }
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    expect(await second.process.end('SIGTERM')).toMatchObject({ code: 0 });
  });

  it('is seen and changed by its owner while it runs, and when it does not', async () => {
    const hub = await startHub('--admission', 'invite', '--name', 'team');
    const admin = (...words: readonly string[]) => home.json(['hub', 'admin', ...words, ...folder]);
    expect(await admin('agents')).toEqual([]);
    expect(await admin('invites', '--new', '--note', 'for Bob')).toMatchObject({
      invite: expect.stringMatching(/^mesh-hub:/),
    });
    const second = await home.run(['hub', '--port', '0', ...folder]);
    expect([second.code, second.stderr]).toEqual([1, expect.stringMatching(/error\[HUB_RUNNING\]/)]);
    expect(await hub.process.end('SIGINT')).toMatchObject({ code: 0 });
    expect(await admin('invites')).toMatchObject([{ note: 'for Bob' }]);
    expect(existsSync(join(home.dir, 'hub', 'hub.json'))).toBe(false);
  });

  it('says what is wrong when it cannot start, and what to do', async () => {
    const nowhere = await home.run(['hub', 'admin', 'agents', ...folder]);
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringMatching(/hint: Start one with: mesh hub --state-dir/),
    ]);
    const hub = await startHub();
    const port = new URL(hub.url).port;
    const taken = await home.run(['hub', '--port', port, '--state-dir', join(home.dir, 'other')]);
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringMatching(/error\[PORT_IN_USE\].*\n.*mesh hub --state-dir \S+ --port/),
    ]);
    await hub.process.end('SIGTERM');
    writeFileSync(join(home.dir, 'hub', 'hub.toml'), '[limits]\nmaxLinks = "many"\n');
    const wrong = await home.run(['hub', '--port', '0', ...folder]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/error\[INVALID_CONFIG\].*limits\.maxLinks/)]);
  });
});
