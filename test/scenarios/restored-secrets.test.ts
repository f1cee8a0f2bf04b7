import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '#kernel';
import { encodeIncarnation, type KeyPair, keyPairFromSeed, signIncarnation } from '#identity';
import { superseded } from '#link';
import { Backups } from '../support/backups.ts';
import { HostilePeer } from '../support/hostile-peer.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll, turns } from '../support/memory-story.ts';
import { inboxTexts, send, stillTalk, Story, until } from '../support/story.ts';
import { pair } from '../support/test-agents.ts';

describe('what a restored agent never does', () => {
  test('it transmits nothing that was sealed before, and seals nothing in a session that sealed before', async () => {
    using backups = new Backups();
    await using story = new MemoryStory();
    const [alice, bob] = await story.friends();
    // Bob acknowledges nothing: the frames lie sealed in the outbox when the backup is made.
    story.wire.fate = ({ from, operation }) => (from === 'bob' && operation.op === 'delivered' ? 'drop' : 'pass');
    const ids = await sendAll(alice, 'bob', numbered('m', 3));
    await until(() => story.wire.framesOf('alice').length > 0);
    await turns(200);
    const sealed = story.wire.framesOf('alice').map(({ hex }) => hex);
    expect(sealed.length).toBeGreaterThan(0);
    const groups = alice.store.read.sessions.sessions('alice', bob.agentId).map(({ groupId }) => groupId);
    expect(groups.length).toBeGreaterThan(0);
    const file = await backups.make(alice.dir);
    alice.crash();
    story.wire.fate = () => 'pass';
    story.wire.clear();
    await backups.restore(file, alice.dir);
    await alice.up();
    await allReach([alice, bob], { from: alice, ids });
    await quiet(alice, bob);
    const after = story.wire.framesOf('alice');
    expect(after.filter(({ hex }) => sealed.includes(hex))).toEqual([]);
    expect(after.map(({ frame }) => frame?.kind)).toContain('welcome');
    const { sessions } = alice.store.read;
    for (const groupId of groups) expect(sessions.session('alice', groupId)).toBeUndefined();
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 3)]);
  });

  test('without a restore the same frames would go out again, as they must after a crash', async () => {
    await using story = new MemoryStory();
    const [alice, bob] = await story.friends();
    story.wire.fate = ({ from, operation }) => (from === 'bob' && operation.op === 'delivered' ? 'drop' : 'pass');
    const ids = await sendAll(alice, 'bob', numbered('m', 3));
    await until(() => story.wire.framesOf('alice').length > 0);
    await turns(200);
    const sealed = story.wire.framesOf('alice').map(({ hex }) => hex);
    alice.crash();
    story.wire.fate = () => 'pass';
    story.wire.clear();
    await alice.up();
    await allReach([alice, bob], { from: alice, ids });
    expect(story.wire.framesOf('alice').some(({ hex }) => sealed.includes(hex))).toBe(true);
  });

  test('it joins no session with a key package of before: whoever kept one gets another', async () => {
    using backups = new Backups();
    await using story = new MemoryStory();
    const [alice, bob] = await story.friends();
    const kept = bob.store.read.sessions.peerKeyPackages({ agent: 'bob', peer: alice.agentId, now: Date.now() });
    expect(kept.length).toBeGreaterThan(0);
    const file = await backups.make(alice.dir);
    await alice.down();
    await backups.restore(file, alice.dir);
    await alice.up();
    const ids = await sendAll(bob, 'alice', numbered('m', 3));
    await allReach([alice, bob], { from: bob, ids });
    const refused = story.wire.answersOf('alice').filter(({ op }) => op === 'refused');
    expect(refused.map((one) => 'code' in one && one.code)).toContain('SESSION_UNKNOWN');
    expect(await inboxTexts(alice)).toEqual(['hello', ...numbered('m', 3)]);
  });
});

describe('a backup', () => {
  test('holds no state of a session and no key package, and nothing of it can be read', async () => {
    using backups = new Backups();
    await using story = new MemoryStory();
    const [alice, bob] = await story.friends();
    await sendAll(alice, 'bob', ['the secret plan']);
    await quiet(alice, bob);
    const database = join(alice.dir, 'mesh.db');
    const ratchet = alice.store.read.sessions.sessions('alice', bob.agentId)[0]?.state ?? new Uint8Array();
    expect(ratchet.length).toBeGreaterThan(100);
    const file = await backups.make(alice.dir);
    const bytes = readFileSync(file);
    for (const text of ['the secret plan', 'alice', 'SQLite', 'PRIVATE KEY']) expect(bytes.includes(text)).toBe(false);
    const live = Buffer.concat([readFileSync(database), readFileSync(`${database}-wal`)]);
    expect(live.includes('the secret plan')).toBe(true);
    // The copy of the database that comes out of it, before and after it was made a new life.
    const { stateDir } = await backups.restore(file);
    const restored = new DatabaseSync(join(stateDir, 'mesh.db'), { readOnly: true });
    for (const table of ['session', 'own_key_package', 'peer_key_package']) {
      expect(restored.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n).toBe(0);
    }
    restored.close();
    expect(readFileSync(join(stateDir, 'mesh.db')).includes(Buffer.from(ratchet))).toBe(false);
  });

  test('holds neither the token of the local API nor what belongs to a running node', async () => {
    using backups = new Backups();
    await using story = new Story();
    const alice = await story.start('alice', { withApi: true });
    const made = await backups.facts(alice.dir);
    expect(made).toMatchObject({ online: true, agents: [{ name: 'alice' }] });
    expect([...made.files].sort()).toEqual(['identity.json', 'mesh.db', 'mesh.toml', 'private_key.pem']);
  });
});

describe('a peer that wants an agent silent', () => {
  const claimOf = (root: KeyPair) => signIncarnation(root, { number: Date.now(), id: systemRandom.bytes(16), asOf: 1 });

  test('is believed only with a statement of the agent itself', async () => {
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    const mallory = await HostilePeer.create();
    await mallory.befriend(alice);
    const own = claimOf(mallory.secrets.root);
    const { agentId } = alice.host.agent;
    const forgeries = [
      new Uint8Array(10).fill(1),
      encodeIncarnation(claimOf(keyPairFromSeed(systemRandom.bytes(32)))),
      encodeIncarnation({ ...own, agentId }),
      encodeIncarnation({ ...claimOf(alice.host.agent.root), number: Date.now() + 9 }),
    ];
    for (const proof of forgeries) {
      const link = await mallory.connect(alice);
      link.close(superseded(proof));
      await link.closed;
      await stillTalk(alice, bob);
      expect(alice.host.agent.successor).toBeUndefined();
    }
    // The control: what the agent's own key signed ends it, whoever brings it.
    const link = await mallory.connect(alice);
    link.close(superseded(encodeIncarnation(claimOf(alice.host.agent.root))));
    await link.closed;
    await until(() => alice.host.agent.successor !== undefined);
    await expect(send(alice, 'bob', 'hello')).rejects.toMatchObject({ code: 'SUPERSEDED' });
  });

  test('cannot make others leave an agent by a life that it did not claim', async () => {
    await using story = new Story();
    const [alice, bob] = [await story.start('alice'), await story.start('bob')];
    await pair(alice, bob);
    const mallory = await HostilePeer.create();
    await mallory.befriend(bob);
    const forged = { ...claimOf(mallory.secrets.root), agentId: alice.host.agent.agentId };
    const link = await mallory.connect(bob);
    link.close(superseded(encodeIncarnation(forged)));
    await link.closed;
    await stillTalk(alice, bob);
    await stillTalk(bob, alice);
    expect(bob.host.contact(alice.host.agent.agentId)?.incarnation).toBeUndefined();
  });
});
