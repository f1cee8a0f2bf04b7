// Neither agent can be called: both are behind a router and only call out, to a hub that both reach. The hub is even away for a while.
//   node --conditions=source examples/behind-nat.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, HubServer, NetworkHub } from 'agent-mesh';

const folder = mkdtempSync(join(tmpdir(), 'behind-nat-'));
const settings = { host: '127.0.0.1', stateDir: join(folder, 'hub') };
const server = await new HubServer({ ...settings, port: 0 }).start();
const { port } = server;
const hub = () => new NetworkHub({ host: '127.0.0.1', port });

const alice = new Agent('alice', { hub: hub(), stateDir: join(folder, 'alice') });
const bob = new Agent('bob', { hub: hub(), stateDir: join(folder, 'bob') });
await Promise.all([alice.ready(), bob.ready()]);
console.log(`Addresses of their own: ${alice.endpoints.length + bob.endpoints.length}`);

// One owner gives the other one an invite, by any way: it names the key and the hub.
const { invite } = await alice.invite();
await bob.join(invite);

await bob.close();
const kept = (async () => {
  for await (const event of alice.events()) if (event.type === 'state' && event.step === 'stored') return;
})();
await alice.send('bob', 'You are away; the hub keeps this for you.');
await kept;
console.log('The hub has it, sealed.');
await server.close();

// The hub is back, and so is Bob; nothing has to be said again.
const again = await new HubServer({ ...settings, port }).start();
const back = new Agent('bob', { hub: hub(), stateDir: join(folder, 'bob') });
const read = Promise.withResolvers<void>();
back.onMessage(({ sender, text }) => {
  console.log(`${sender}: ${text}`);
  read.resolve();
});
await read.promise;

await alice.close();
await back.close();
await again.close();
rmSync(folder, { recursive: true });

// Prints:
// Addresses of their own: 0
// The hub has it, sealed.
// alice: You are away; the hub keeps this for you.
