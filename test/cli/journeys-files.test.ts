import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentOf } from '../support/file-story.ts';
import { introduce, MeshPerson, rowsOf, until } from '../support/mesh-person.ts';

let alice: MeshPerson;
let bob: MeshPerson;

beforeAll(async () => {
  [alice, bob] = await Promise.all([MeshPerson.atWork('alice'), MeshPerson.atWork('bob')]);
  await introduce(alice, bob);
}, 120_000);
afterAll(async () => {
  await alice[Symbol.asyncDispose]();
  await bob[Symbol.asyncDispose]();
});

const film = contentOf(5_000_000);

const filesOf = async (person: MeshPerson, id: string) =>
  rowsOf((await person.ask('files'))['files']).filter((file) => file['id'] === id);

describe('two people at their terminals', () => {
  let id = '';

  it('send a large file with a small one, and the original may vanish at once', async () => {
    const [large, small] = [join(alice.dir, 'film.mp4'), join(alice.dir, 'notes.txt')];
    writeFileSync(large, film);
    writeFileSync(small, 'line 1\n');
    const sent = await alice.ask('send', 'bob', 'the film', '--file', large, '--file', small);
    rmSync(large);
    id = String(sent['id']);
    expect(await filesOf(alice, id)).toMatchObject([{ name: 'film.mp4', size: film.length, direction: 'out' }]);
  });

  it('save it when it is here, under a name of this machine, as it was', async () => {
    const target = join(bob.dir, 'films');
    const { saved } = await bob.ask('save', id, target, '--wait');
    expect(saved).toEqual([join(target, 'notes.txt'), join(target, 'film.mp4')]);
    expect(readFileSync(join(target, 'film.mp4')).equals(film)).toBe(true);
    expect(readdirSync(target).toSorted()).toEqual(['film.mp4', 'notes.txt']);
    const again = await bob.ask('save', id, target, '--file', '2');
    expect(again['saved']).toEqual([join(target, 'film-2.mp4')]);
    const forced = await bob.ask('save', id, target, '--file', '2', '--force');
    expect(forced['saved']).toEqual([join(target, 'film.mp4')]);
  });

  it('see the same of it, and how to save it', async () => {
    const shown = await bob.say('read', id);
    expect(shown).toMatch(/Save what is attached: mesh save .* DIR/);
    expect(shown).toMatch(/2\. film\.mp4 \(.*4\.8 MB, complete\)/);
    expect(await filesOf(bob, id)).toMatchObject([{ direction: 'in', state: 'complete', name: 'film.mp4' }]);
    await until('the file is there', async () => (await filesOf(alice, id))[0]?.['state'] === 'complete');
    expect(await filesOf(alice, id)).toMatchObject([{ direction: 'out', size: film.length, have: film.length }]);
    expect(await alice.say('track', id)).toContain('film.mp4: complete');
  });

  it('read and save it also when the node does not run', async () => {
    await bob.say('down');
    const target = join(bob.dir, 'offline');
    expect((await bob.ask('save', id, target))['saved']).toEqual([join(target, 'notes.txt'), join(target, 'film.mp4')]);
    expect(readFileSync(join(target, 'film.mp4')).equals(film)).toBe(true);
    await bob.say('up', '--detach');
  });

  it('lose nothing when the receiver is killed in the middle, and get the rest when it is back', async () => {
    const path = join(alice.dir, 'other.bin');
    const other = contentOf(30_000_000, 3);
    writeFileSync(path, other);
    const sent = String((await alice.ask('send', 'bob', 'another', '--file', path))['id']);
    bob.kill();
    await bob.say('up', '--detach');
    const target = join(bob.dir, 'after');
    mkdirSync(target);
    await bob.ask('save', sent, target, '--wait');
    expect(readFileSync(join(target, 'other.bin')).equals(other)).toBe(true);
  });

  it('make room again', async () => {
    await bob.ask('files', 'remove', id);
    expect(await filesOf(bob, id)).toMatchObject([{ state: 'removed' }]);
    const gone = await bob.run(['save', id, bob.dir, '--file', '2']);
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('error[FILE_GONE]') });
  });
});
