import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { introduce, MeshPerson, until } from '../support/mesh-person.ts';

let alice: MeshPerson;
let bob: MeshPerson;
let file = '';
let passphrase: readonly string[] = [];

beforeAll(async () => {
  [alice, bob] = await Promise.all([MeshPerson.atWork('alice'), MeshPerson.atWork('bob')]);
  await introduce(alice, bob);
  file = join(alice.dir, 'alice.backup');
  const secret = join(alice.dir, 'backup-passphrase');
  writeFileSync(secret, 'correct horse battery staple\n', { mode: 0o600 });
  passphrase = ['--passphrase-file', secret];
});
afterAll(() => Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]())));

/** What `mesh WORDS` fails with. */
async function failure(...words: readonly string[]): Promise<string> {
  const { code, stderr } = await alice.run(words);
  return `${code} ${/^error\[(\w+)\]/.exec(stderr)?.[1] ?? stderr}`;
}

const restoreTo = (name: string, ...more: readonly string[]): readonly string[] => [
  'restore',
  file,
  ...passphrase,
  '--state-dir',
  join(alice.dir, name),
  ...more,
];

const everythingIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .toSorted()
    .map((name) => `${name} ${readFileSync(join(folder, name)).toString('base64').length}`);

describe('somebody who makes backups', () => {
  it('does it while the node works, gets one file that nobody else can read, and never loses an older one by it', async () => {
    const { id } = await bob.ask('send', 'alice', 'before the backup');
    await bob.reaches(String(id), 'delivered');
    expect(await alice.say('backup', file, ...passphrase)).toMatch(/^Backed up alice, while the node went on\.$/m);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    const before = readFileSync(file);
    expect(await failure('backup', file, ...passphrase)).toBe('1 FILE_EXISTS');
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(alice.stateDir).filter((name) => name.startsWith('.backup'))).toEqual([]);
    await alice.say('backup', file, '--force', ...passphrase);
    expect(readFileSync(file).equals(before)).toBe(false);
    expect(await alice.say('restore', file, '--check', ...passphrase)).toContain('The backup is whole');
  });

  it('is told what is wrong with a passphrase before anything is written', async () => {
    const short = join(alice.dir, 'short');
    writeFileSync(short, 'secret\n');
    const other = join(alice.dir, 'other.backup');
    expect(await failure('backup', other, '--passphrase-file', short)).toBe('2 INVALID_ARGUMENT');
    expect(await failure('backup', other)).toBe('1 PASSPHRASE_REQUIRED');
    expect(await failure('backup', join(alice.dir, 'nowhere', 'x.backup'), ...passphrase)).toBe('2 INVALID_ARGUMENT');
    expect(existsSync(other)).toBe(false);
  });

  it('restores nothing from a file that is not whole, or with another passphrase', async () => {
    const wrong = join(alice.dir, 'wrong');
    writeFileSync(wrong, 'incorrect horse battery\n');
    const damaged = join(alice.dir, 'damaged.backup');
    const target = join(alice.dir, 'none');
    const attempt = () => failure('restore', damaged, ...passphrase, '--state-dir', target);
    expect(await failure('restore', file, '--passphrase-file', wrong, '--state-dir', target)).toBe(
      '1 PASSPHRASE_WRONG',
    );
    cpSync(file, damaged);
    truncateSync(damaged, statSync(file).size - 100);
    expect(await attempt()).toBe('1 BACKUP_DAMAGED');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1000] = (bytes.at(-1000) ?? 0) ^ 1;
    writeFileSync(damaged, bytes);
    expect(await attempt()).toBe('1 BACKUP_DAMAGED');
    writeFileSync(damaged, 'something else');
    expect(await attempt()).toBe('1 BACKUP_DAMAGED');
    expect(await failure('restore', join(alice.dir, 'no-such-file'), ...passphrase, '--state-dir', target)).toBe(
      '1 NOT_FOUND',
    );
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(alice.dir).filter((name) => name.includes('.restore-'))).toEqual([]);
  });

  it('restores over nothing that is in use, or that was not meant to go', async () => {
    expect(await failure('restore', file, ...passphrase, '--force')).toBe('1 NODE_RUNNING');
    expect(await failure('restore', file, ...passphrase)).toBe('1 NODE_RUNNING');
    const full = join(alice.dir, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'my-notes.txt'), 'mine');
    expect(await failure(...restoreTo('full'))).toBe('1 FOLDER_NOT_EMPTY');
    expect(everythingIn(full)).toEqual(['my-notes.txt 8']);
    const done = await alice.json(restoreTo('full', '--force'));
    const aside = (done as { setAside: string }).setAside;
    expect(everythingIn(aside)).toEqual(['my-notes.txt 8', 'node.lock 0']);
    expect(existsSync(join(full, 'private_key.pem'))).toBe(true);
    mkdirSync(join(alice.dir, 'empty'));
    expect((await alice.run(restoreTo('empty'))).code).toBe(0);
  });

  it('loses the machine, and goes on with the same agent on the next one', async () => {
    const { id } = await bob.ask('send', 'alice', 'after the backup');
    await bob.reaches(String(id), 'delivered');
    const before = await alice.ask('whoami');
    alice.kill();
    rmSync(alice.stateDir, { recursive: true });
    const restored = await alice.say('restore', file, ...passphrase);
    expect(restored.replaceAll(/\s+/g, ' ')).toContain('is gone here, and its senders believe it delivered');
    expect(await alice.paste(restored, 'Start the node:')).toMatchObject({ code: 0 });
    expect((await alice.ask('whoami'))['agentId']).toBe(before['agentId']);
    expect((await alice.inbox()).map(({ body }) => body)).toEqual(['before the backup']);

    const sent = await alice.ask('send', 'bob', 'from the next machine');
    await alice.reaches(String(sent['id']), 'delivered');
    const back = await bob.ask('send', 'alice', 'welcome back');
    await bob.reaches(String(back['id']), 'delivered');
    expect((await alice.inbox()).map(({ body }) => body).toSorted()).toEqual(['before the backup', 'welcome back']);
    expect((await bob.inbox()).map(({ body }) => body)).toEqual(['from the next machine']);
    const status = (await bob.say('status')).replaceAll(/\s+/g, ' ');
    expect(status).toMatch(/alice was restored from a backup: what you sent it between \S+ and \S+ may be gone there/);
    expect(await bob.say('contact', 'alice')).toMatch(/^restored +.*from a backup of/m);
  });

  it('whose old machine wakes up finds it silent, and is told why', async () => {
    const old = join(alice.dir, 'old-machine');
    expect((await alice.run(restoreTo('old-machine'))).code).toBe(0);
    // Of two restores the later one is the agent: here the one that was just made, on purpose.
    const flags = ['--state-dir', old];
    await alice.say('up', '--detach', '--port', '0', ...flags);
    await until('the first machine is silent', async () => (await failure('send', 'bob', 'hello')) === '3 SUPERSEDED');
    const status = (await alice.say('status')).replaceAll(/\s+/g, ' ');
    expect(status).toContain('This machine has fallen silent');
    const doctor = await alice.run(['doctor']);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain('error[succession]');
    await alice.say('down', ...flags);
    // The person decides otherwise.
    await alice.say('down');
    await alice.say('up', '--detach', '--take-over');
    const { id } = await alice.ask('send', 'bob', 'it is me again');
    await alice.reaches(String(id), 'delivered');
  });
});
