// A request has exactly one answer: what the handler returns. `ask` waits for it.
//   node --conditions=source examples/request-and-answer.ts
import { Agent, LocalHub, MeshError } from 'agent-mesh';

const hub = new LocalHub();
const alice = new Agent('alice', { hub });
const librarian = new Agent('librarian', { hub });
await hub.introduce();

const shelf = new Map([['dune', 'Frank Herbert']]);

librarian.onMessage(({ type, text }) => {
  if (type !== 'request') return;
  return shelf.get(text) ?? { body: 'not on the shelf', metadata: { found: false } };
});

const { answer } = await alice.ask('librarian', 'dune');
console.log(`dune: ${answer.body}`);

const missing = await alice.ask('librarian', 'ulysses');
console.log(`ulysses: ${missing.answer.body} ${JSON.stringify(missing.answer.metadata)}`);

try {
  await alice.ask('zoe', 'anybody there?');
} catch (error) {
  if (error instanceof MeshError) console.log(`${error.code}: ${error.message}`);
}

await alice.close();
await librarian.close();

// Prints:
// dune: Frank Herbert
// ulysses: not on the shelf {"found":false}
// UNKNOWN_AGENT: Peer 'zoe' not found on hub local
