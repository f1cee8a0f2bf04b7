// Two agents of one program: no server, no socket, and nothing to install beside this package.
//   node --conditions=source examples/simple-chat.ts
import { Agent, LocalHub } from 'agent-mesh';

const hub = new LocalHub();
const alice = new Agent('alice', { hub });
const bob = new Agent('bob', { hub });

// Being at one hub makes nobody a peer: this line does.
await hub.introduce(alice, bob);

const done = Promise.withResolvers<void>();

bob.onMessage(async (message) => {
  console.log(`[${message.recipient}] ← ${message.sender}: ${message.text}`);
  await bob.send('alice', { text: 'Hi Alice, nobody else can read this.', mood: 'good' });
});

alice.onMessage(({ recipient, sender, text, payload }) => {
  console.log(`[${recipient}] ← ${sender}: ${text} (mood: ${JSON.stringify(payload['mood'])})`);
  done.resolve();
});

await alice.send('bob', { text: 'Hello, Bob! This is end-to-end encrypted.' });
await done.promise;

console.log(
  `The hub carried ${(await hub.messageCount()) > 0 ? 'sealed frames' : 'nothing'} for ${(await hub.listAgents()).join(' and ')}.`,
);

await alice.close();
await bob.close();

// Prints:
// [bob] ← alice: Hello, Bob! This is end-to-end encrypted.
// [alice] ← bob: Hi Alice, nobody else can read this. (mood: "good")
// The hub carried sealed frames for alice and bob.
