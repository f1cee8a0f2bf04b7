// Two node processes, direct link: one file, sealed and stored at the sender, verified and stored at the receiver, with messages beside it.
import { createHash, randomFillSync } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createReadStream,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { End } from './end.ts';

const megabyte = 1024 * 1024;
const fileMb = Number(process.env['BENCH_FILE_MB'] ?? 1024);

function makeFile(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.allocUnsafe(megabyte);
  for (let n = 0; n < fileMb; n += 1) writeSync(file, randomFillSync(block));
  fsyncSync(file);
  closeSync(file);
}

interface Reference {
  readonly plain: number;
  readonly durable: number;
}

/** What the machine does at all: copies the file with `node:fs` and hashes it; also with the copy brought to the disk. */
async function reference(path: string, dir: string): Promise<Reference> {
  const copy = join(dir, 'copy');
  const startedAt = performance.now();
  copyFileSync(path, copy);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: megabyte })) hash.update(chunk as Buffer);
  hash.digest();
  const plainMs = performance.now() - startedAt;
  const file = openSync(copy, 'r+');
  fsyncSync(file);
  closeSync(file);
  const durableMs = performance.now() - startedAt;
  rmSync(copy);
  return { plain: (fileMb * 1000) / plainMs, durable: (fileMb * 1000) / durableMs };
}

export async function run(): Promise<Record<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const sender = new End('alice', join(dir, 'alice'), { program: './file-end.ts' });
  const receiver = new End('bob', join(dir, 'bob'), { program: './file-end.ts' });
  try {
    const path = join(dir, 'file.bin');
    makeFile(path);
    const { invite } = await sender.ask('invite');
    await receiver.ask('join', { invite });
    await sender.ask('warm');
    const before = await sender.ask('reset');
    const beforeAt = await receiver.ask('reset');
    const sent = await sender.ask('sendFile', { path });
    const { at } = await receiver.ask('arrived');
    await sender.ask('stopPacing');
    const [out, into] = [await sender.ask('figures'), await receiver.ask('figures')];
    const { plain, durable } = await reference(path, dir);
    const seconds = (Number(at) - Number(sent['startedAt'])) / 1000;
    const sealSeconds = (Number(sent['acceptedAt']) - Number(sent['startedAt'])) / 1000;
    return {
      megabytesPerSecond: Math.round(fileMb / seconds),
      referenceMegabytesPerSecond: Math.round(plain),
      durableReferenceMegabytesPerSecond: Math.round(durable),
      seconds: round(seconds),
      sealMegabytesPerSecond: Math.round(fileMb / sealSeconds),
      transferMegabytesPerSecond: Math.round(fileMb / (seconds - sealSeconds)),
      megabytes: fileMb,
      maxRssMb: Math.round(Math.max(Number(out['maxRssMb']), Number(into['maxRssMb']))),
      senderMaxRssMb: Math.round(Number(out['maxRssMb'])),
      receiverMaxRssMb: Math.round(Number(into['maxRssMb'])),
      senderCpuSeconds: round(Number(out['cpu']) - Number(before['cpu'])),
      receiverCpuSeconds: round(Number(into['cpu']) - Number(beforeAt['cpu'])),
      messagesDuring: Number(into['messages']),
      messageP50MsDuring: round(Number(into['p50Ms'])),
      messageMaxMsDuring: round(Number(into['maxMs'])),
    };
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

const round = (value: number): number => Number(value.toFixed(1));
