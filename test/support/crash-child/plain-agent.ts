// A program on the library as everybody gets it: nothing in it knows that it will be killed.
import { join } from 'node:path';
import { Agent, type Received } from '../../../src/index.ts';
import { Dice } from '../../crash/dice.ts';
import { Journal } from '../../crash/journal.ts';
import { Ledger } from '../../crash/ledger.ts';
import { Traffic } from '../../crash/traffic.ts';
import { obey, readSetup } from './setup.ts';

const { name, peer, dir, stateDir, port, endpoint, seed, gentle, talks } = readSetup();
const agent = await Agent.open({ name, stateDir, port, endpoint, apiPort: 0 });
const journal = new Journal(join(dir, 'journal'));

agent.onMessage(async ({ id, type, from, attempt, metadata = {} }: Received) => {
  const { n = 0, fails } = metadata;
  journal.begin({ id, attempt, type, from, n: Number(n) });
  if (fails === true && attempt === 1) {
    await journal.failed(id, attempt);
    throw new Error('This handler fails once');
  }
  await journal.end(id, attempt);
  return type === 'request' ? { body: `answer to ${Number(n)}`, metadata: { n } } : undefined;
});

const traffic = new Traffic({
  ledger: new Ledger(join(dir, 'ledger')),
  dice: new Dice(seed),
  to: peer,
  gentle,
  send: ({ to, ...message }) => agent.send(to, message),
});

obey(async ({ order }) => {
  if (order === 'talk') traffic.start();
  if (order === 'hush') await traffic.stop();
});
process.once('SIGTERM', () => {
  void (async () => {
    await traffic.stop();
    await agent.close();
    process.exit(0);
  })();
});
if (talks) traffic.start();
const { operations } = agent;
const { api } = await operations.status({}, { signal: new AbortController().signal });
process.stdout.write(`${JSON.stringify({ api })}\n`);
