import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, systemClock } from '#kernel';
import { openReadOnlyStore, openSqliteStore } from '#storage';
import { bytesOf, outMessage, write } from '../contracts/store/samples.ts';
import { MeshHome, type RunningMesh } from '../support/mesh-process.ts';
import { until } from '../support/story.ts';

const messages = 6000;
let home: MeshHome;
let passphrase = '';
let whole = '';

/** An agent with so much history that a backup takes a while. */
beforeAll(async () => {
  home = new MeshHome('mesh-kills');
  passphrase = join(home.dir, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  await home.json(['init', '--name', 'alice']);
  const path = join(home.stateDir, 'mesh.db');
  const store = await openSqliteStore({ path, clock: systemClock, limits: defaultLimits });
  for (let n = 0; n < messages; n += 1000) {
    await write(store, (tx) => {
      for (let k = 0; k < 1000; k += 1) tx.outbox.insert(outMessage({ body: bytesOf(4000) }));
    });
  }
  await store.close();
  whole = join(home.dir, 'whole.backup');
  await home.json(['backup', whole, '--passphrase-file', passphrase]);
});
afterAll(() => home[Symbol.asyncDispose]());

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Ends the program in that moment, as the power does; or lets it end when it is over before. */
async function killWhen(program: RunningMesh, moment: () => boolean): Promise<void> {
  let isOver = false;
  void program.ended.then(() => (isOver = true));
  await until(() => isOver || moment());
  program.child.kill('SIGKILL');
  await program.ended;
}

async function countIn(stateDir: string): Promise<number> {
  const { read, close } = await openReadOnlyStore(join(stateDir, 'mesh.db'));
  try {
    return read.outbox.waitingCount('alice', read.outbox.peersWithWork('alice')[0] ?? 'did:key:z6Mk');
  } finally {
    await close();
  }
}

describe('a backup that is killed', () => {
  const file = (): string => join(home.dir, 'killed.backup');
  const fresh = (): string => join(home.dir, '.killed.backup.new');
  const snapshot = (): string | undefined => readdirSync(home.stateDir).find((name) => name.startsWith('.backup-'));
  beforeEach(() => rmSync(fresh(), { force: true }));

  const moments: Readonly<Record<string, () => boolean>> = {
    'when it begins to copy the database': () => snapshot() !== undefined,
    'in the middle of the copy': () => sizeOf(join(home.stateDir, snapshot() ?? 'none')) > 10_000_000,
    'when it begins to write': () => existsSync(fresh()),
    'in the middle of writing': () => sizeOf(fresh()) > 10_000_000,
    'when it has written and reads back': () => sizeOf(fresh()) >= sizeOf(whole),
  };

  it.each(Object.entries(moments))(
    '%s leaves no file of that name, and the folder as it was',
    async (_when, moment) => {
      await killWhen(home.start(['backup', file(), '--passphrase-file', passphrase]), moment);
      expect(existsSync(file())).toBe(false);
      expect(await countIn(home.stateDir)).toBe(messages);
      expect((await home.run(['status'])).code).toBe(0);
    },
  );

  it('is found by the doctor, and the next one cleans up behind it', async () => {
    await killWhen(home.start(['backup', file(), '--passphrase-file', passphrase]), () => existsSync(fresh()));
    const { code, stdout } = await home.run(['doctor', '--json']);
    expect({ code, left: stdout.includes('was left by a backup') }).toEqual({ code: 1, left: true });
    await home.json(['backup', file(), '--passphrase-file', passphrase]);
    expect([snapshot(), existsSync(fresh())]).toEqual([undefined, false]);
    expect(await home.json(['restore', file(), '--check', '--passphrase-file', passphrase])).toMatchObject({
      ok: true,
    });
  });
});

describe('a restore that is killed', () => {
  const target = (): string => join(home.dir, 'new-machine');
  const staging = (): string => {
    const name = readdirSync(home.dir).find((entry) => entry.startsWith('.new-machine.restore-'));
    return name === undefined ? join(home.dir, 'none') : join(home.dir, name);
  };
  const words = (): readonly string[] => ['restore', whole, '--passphrase-file', passphrase, '--state-dir', target()];
  const moments: Readonly<Record<string, () => boolean>> = {
    'when it begins': () => existsSync(staging()),
    'in the middle of the database': () => sizeOf(join(staging(), '.mesh.db.new')) > 10_000_000,
    'when the database is there': () => existsSync(join(staging(), 'mesh.db')),
    'while the database begins anew': () => existsSync(join(staging(), 'mesh.db-wal')),
  };

  it.each(Object.entries(moments))('%s leaves nothing where the folder should be', async (_when, moment) => {
    await killWhen(home.start(words()), moment);
    expect(existsSync(target())).toBe(false);
  });

  it('and repeated makes the whole folder, and leaves nothing beside it', async () => {
    await killWhen(home.start(words()), () => existsSync(staging()));
    expect(await home.json(words())).toMatchObject({ agents: [{ name: 'alice', waiting: messages }] });
    expect(await countIn(target())).toBe(messages);
    expect(readdirSync(home.dir).filter((name) => name.includes('.restore-'))).toEqual([]);
  });

  it('in the moment in which the folder appears leaves it whole', async () => {
    const other = join(home.dir, 'another-machine');
    const restoring = [...words().slice(0, -1), other];
    await killWhen(home.start(restoring), () => existsSync(other));
    expect(await countIn(other)).toBe(messages);
    expect((await home.run(['whoami', '--state-dir', other])).stdout).toContain('alice');
  });
});
