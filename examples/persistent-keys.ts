// An agent that keeps its keys is the same after a restart: same fingerprint, same peers, and what waited for it.
//   node --conditions=source examples/persistent-keys.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, LocalHub } from 'agent-mesh';

const folder = mkdtempSync(join(tmpdir(), 'persistent-keys-'));
const keypairPath = join(folder, '.keys', 'alice.json'); // made at the first run, readable by its owner alone

const hub = new LocalHub();
const bob = new Agent('bob', { hub });
const first = new Agent('alice', { hub, keypairPath });
const { fingerprint } = first;
await hub.introduce();
await first.close();
console.log('Alice has gone.');

await bob.send('alice', 'Read this when you are back.');

const second = new Agent('alice', { hub, keypairPath });
console.log(`The same fingerprint: ${second.fingerprint === fingerprint}`);

const read = Promise.withResolvers<void>();
second.onMessage(({ sender, text }) => {
  console.log(`${sender}: ${text}`);
  read.resolve();
});
await read.promise;

await second.close();
await bob.close();
rmSync(folder, { recursive: true });

// Prints:
// Alice has gone.
// The same fingerprint: true
// bob: Read this when you are back.
