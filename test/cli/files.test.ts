import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MeshEvent } from '#api';
import { MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';
import { file, filmed, now, question, type World } from './world.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const out = (name = ''): string => join(dir, 'out', name);

function large(name: string, size = 70_000): string {
  const path = join(dir, name);
  writeFileSync(path, Buffer.alloc(size, name));
  return path;
}

describe('mesh send --file with files that do not fit into the message', () => {
  it('asks first whether they may be sent, hands them over in parts, and sends', async () => {
    const path = large('big.bin', 65_537);
    const run = await mesh(['send', 'bob', 'look', '--file', path], {
      world: { upload: { upload: 'u', partBytes: 30_000 } },
    });
    expect(run.code).toBe(0);
    const files = [{ name: 'big.bin', mediaType: 'application/octet-stream', size: 65_537 }];
    expect(run.calls.map(({ name }) => name)).toEqual([
      'send',
      'upload',
      'uploadPart',
      'uploadPart',
      'uploadPart',
      'send',
      'contacts',
    ]);
    expect(run.calls[0]?.input).toMatchObject({ to: 'bob', text: 'look', dryRun: true, files });
    const parts = run.calls.filter(({ name }) => name === 'uploadPart').map(({ input }) => input);
    expect(parts.map(({ offset }) => offset)).toEqual([0, 30_000, 60_000]);
    const bytes = Buffer.concat(parts.map((part) => part['bytes'] as Uint8Array));
    expect(bytes.equals(readFileSync(path))).toBe(true);
    const sent = run.calls.at(-2)?.input;
    expect(sent).toMatchObject({ files: [{ name: 'big.bin', mediaType: 'application/octet-stream', upload: 'u' }] });
    expect(sent).not.toHaveProperty('dryRun');
  });

  it('keeps small ones inside, and shows progress on a terminal only', async () => {
    const [small, big] = [large('small.txt', 1000), large('big.txt')];
    const words = ['send', 'bob', 'look', '--file', small, '--file', big];
    const run = await mesh(words, { terminal: 80 });
    const sent = run.calls.findLast(({ name }) => name === 'send')?.input;
    expect(sent).toMatchObject({
      attachments: [{ name: 'small.txt' }],
      files: [{ name: 'big.txt', mediaType: 'text/plain' }],
    });
    expect(run.stderr).toContain('Handing over big.txt: 0 of 68 KB');
    expect((await mesh(words)).stderr).toBe('');
  });

  it('hands nothing over when that message may not be sent', async () => {
    const send = (): never => {
      throw new MeshError('FILES_FULL', 'too much');
    };
    const run = await mesh(['send', 'bob', 'x', '--file', large('big.bin')], { world: { send } });
    expect([run.code, run.calls.map(({ name }) => name)]).toEqual([3, ['send']]);
  });

  it('drops what it handed over when the message is refused then', async () => {
    const send: World['send'] = (input) => {
      if (input.dryRun !== true) throw new MeshError('NOT_TRUSTED');
      return { ...filmed, state: 'queued', duplicate: false, createdAt: now, bytes: 1 };
    };
    const run = await mesh(['send', 'bob', 'x', '--file', large('a'), '--file', large('b')], { world: { send } });
    expect(run.code).toBe(3);
    expect(run.calls.filter(({ name }) => name === 'dropUpload')).toHaveLength(2);
  });

  it('sends nothing with --dry-run', async () => {
    const run = await mesh(['send', 'bob', 'x', '--file', large('big.bin'), '--dry-run']);
    expect(run.calls.map(({ name }) => name)).toEqual(['send']);
    expect(run.calls[0]?.input).toMatchObject({ dryRun: true, files: [{ size: 70_000 }] });
  });

  it('goes with reply and ask, too', async () => {
    const path = large('big.bin');
    const reply = await mesh(['reply', question.id, '', '--file', path]);
    expect(reply.calls.find(({ name }) => name === 'reply')?.input).toMatchObject({ files: [{ upload: 'upl_1' }] });
    const ask = await mesh(['ask', 'bob', 'what is it?', '--file', path]);
    expect(ask.calls.find(({ name }) => name === 'ask')?.input).toMatchObject({ files: [{ upload: 'upl_1' }] });
  });
});

describe('mesh save', () => {
  const holding = (...names: readonly string[]): World => ({
    message: {
      ...filmed,
      attachments: names.map((name) => ({ kind: 'blob', name, size: 7, file: { state: 'complete', have: 7 } })),
    },
    filePart: ({ part }) => new TextEncoder().encode(part === 0 ? 'abcd' : 'efg'),
  });
  const save = (world: World, ...flags: readonly string[]) =>
    mesh(['save', filmed.id, out(), '--json', ...flags], { world });
  const saved = async (...call: Parameters<typeof save>): Promise<unknown> =>
    (JSON.parse((await save(...call)).stdout) as { saved: unknown }).saved;

  it('writes the files, part by part, readable by their owner alone, and leaves nothing else', async () => {
    expect(await saved(holding('a.bin', 'b.bin'))).toEqual([out('a.bin'), out('b.bin')]);
    expect(readFileSync(out('a.bin'), 'utf8')).toBe('abcdefg');
    expect((statSync(out('a.bin')).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(out()).toSorted()).toEqual(['a.bin', 'b.bin']);
  });

  it.each([
    ['../../evil', 'evil'],
    ['/etc/passwd', 'passwd'],
    ['.ssh/authorized_keys', 'authorized_keys'],
    ['..', 'attachment-1'],
    ['-rf', 'rf'],
    ['C:\\Windows\\x.dll', 'x.dll'],
    ['a\u0000b\u001b[2J', 'a_b__2J'],
    ['con.txt', 'attachment-1'],
  ])('makes of the name %j the name %s in the folder', async (name, safe) => {
    await saved(holding(name));
    expect([readdirSync(dir), readdirSync(out())]).toEqual([['out'], [safe]]);
  });

  it('overwrites nothing: a number is added, also when a link lies there', async () => {
    mkdirSync(out());
    writeFileSync(out('a.bin'), 'mine');
    symlinkSync(join(dir, 'target'), out('b.bin'));
    expect(await saved(holding('a.bin', 'a.bin', 'b.bin'))).toEqual([out('a-2.bin'), out('a-3.bin'), out('b-2.bin')]);
    expect(readFileSync(out('a.bin'), 'utf8')).toBe('mine');
    expect(existsSync(join(dir, 'target'))).toBe(false);
  });

  it('replaces with --force, and a link instead of what it points to', async () => {
    mkdirSync(out());
    writeFileSync(join(dir, 'target'), 'precious');
    writeFileSync(out('a.bin'), 'old');
    symlinkSync(join(dir, 'target'), out('b.bin'));
    expect(await saved(holding('a.bin', 'b.bin'), '--force')).toEqual([out('a.bin'), out('b.bin')]);
    expect([readFileSync(out('a.bin'), 'utf8'), readFileSync(out('b.bin'), 'utf8')]).toEqual(['abcdefg', 'abcdefg']);
    expect(readFileSync(join(dir, 'target'), 'utf8')).toBe('precious');
  });

  it('leaves nothing of a file that turns out to be damaged, nor replaces what was there', async () => {
    mkdirSync(out());
    writeFileSync(out('a.bin'), 'mine');
    const filePart: World['filePart'] = ({ part }) => {
      if (part === 1) throw new MeshError('FILE_DAMAGED');
      return new TextEncoder().encode('abcd');
    };
    const run = await save({ ...holding('a.bin'), filePart }, '--force');
    expect([run.code, readdirSync(out()), readFileSync(out('a.bin'), 'utf8')]).toEqual([1, ['a.bin'], 'mine']);
  });

  it('saves one of several with --file, and says when there is none of that number', async () => {
    expect(await saved(holding('a', 'b', 'c'), '--file', '2')).toEqual([out('b')]);
    const run = await mesh(['save', filmed.id, out(), '--file', '4'], { world: holding('a') });
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('The message has no file 4')]);
    const none = await mesh(['save', filmed.id, out()], { world: { message: { ...filmed, attachments: [] } } });
    expect(none.stderr).toContain('error[NOT_FOUND]: The message has no files');
  });

  it('says that a file is not there yet, with what to do', async () => {
    const filePart = (): never => {
      throw new MeshError('FILE_INCOMPLETE');
    };
    const run = await mesh(['save', filmed.id, out()], { world: { ...holding('a'), filePart } });
    expect(run).toMatchObject({ code: 4, stderr: expect.stringContaining('mesh files') });
    expect(readdirSync(out())).toEqual([]);
  });

  it('waits with --wait until all are here', async () => {
    const on = (have: number): World['message'] => ({
      ...filmed,
      attachments: [{ kind: 'blob', name: 'a', size: 7, file: { state: have < 7 ? 'moving' : 'complete', have } }],
    });
    let looks = 0;
    const message: World['message'] = () => {
      looks += 1;
      const answer = on(looks < 3 ? 3 : 7);
      if (typeof answer !== 'object') throw new Error('unreachable');
      return answer;
    };
    const events = [
      sse(changed(file('a', { state: 'moving', have: 5, size: 7 })), changed(file('a', { size: 7, have: 7 }))),
    ];
    const run = await mesh(['save', filmed.id, out(), '--wait', '--json'], {
      world: { ...holding('a'), message, files: nothing },
      events,
    });
    expect([run.code, readdirSync(out())]).toEqual([0, ['a']]);
  });

  it('ends waiting when a file will not come', async () => {
    const message: World['message'] = {
      ...filmed,
      attachments: [{ kind: 'blob', name: 'a', size: 7, file: { state: 'failed', have: 3, reason: 'EXPIRED' } }],
    };
    const run = await mesh(['save', filmed.id, out(), '--wait'], { world: { ...holding('a'), message } });
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('a did not come: EXPIRED') });
  });

  it('says what is wrong with what is no folder', async () => {
    writeFileSync(out(), 'a file');
    const run = await mesh(['save', filmed.id, out()], { world: holding('a') });
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a folder') });
  });
});

const nothing: NonNullable<World['files']> = { files: [], kept: { in: 0, out: 0, max: 1, maxPerPeer: 1 } };
const changed = (one: ReturnType<typeof file>): MeshEvent => ({
  type: 'file.changed',
  agent: 'alice',
  at: now,
  file: one,
});
const sse = (...events: readonly MeshEvent[]): string =>
  events.map((event, index) => `id: ${index + 1}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

describe('mesh files', () => {
  it('--follow shows what is open, then how far files are, and what became of them', async () => {
    const interrupt = new AbortController();
    const events = [sse(changed(file('a.iso', { state: 'moving', have: 700 * 1024 * 1024 })), changed(file('a.iso')))];
    const run = await mesh(['files', '--follow'], {
      terminal: 80,
      signal: interrupt.signal,
      events,
      world: { files: nothing },
      onOutput: (text) => void (text.includes('complete') && interrupt.abort(new Error('SIGINT'))),
    });
    expect(run.code).toBe(130);
    expect(run.stdout).toBe('a.iso from bob: complete\n');
    expect(run.stderr).toContain('a.iso from bob: 700 of 1024 MB');
  });

  it('remove deletes the files beside a message, or one of them', async () => {
    const both = await mesh(['files', 'remove', filmed.id], { world: { message: filmed } });
    expect(both.calls.filter(({ name }) => name === 'removeFile').map(({ input }) => input['index'])).toEqual([1, 2]);
    expect(both.stdout).toBe('Removed 6 MB; the message stays.\n');
    const one = await mesh(['files', 'remove', filmed.id, '--file', '3'], { world: { message: filmed } });
    expect(one.calls.filter(({ name }) => name === 'removeFile').map(({ input }) => input['index'])).toEqual([2]);
    const inside = await mesh(['files', 'remove', filmed.id, '--file', '1'], { world: { message: filmed } });
    expect(inside).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file beside it') });
  });
});
