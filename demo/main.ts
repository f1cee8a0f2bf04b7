// Two people, two nodes, one conversation: real processes, as a user would start them. `--keep` leaves the nodes running.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const launcher = join(root, 'bin', 'mesh.cjs');
const keep = process.argv.includes('--keep');
const startedAt = performance.now();

interface Person {
  readonly name: string;
  readonly dir: string;
  readonly port: number;
  readonly apiPort: number;
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function say(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

const detail = (text: string): boolean => process.stdout.write(`         ${text}\n`);

function run(person: Person, args: readonly string[]): Promise<Result> {
  const child = spawn(process.execPath, [launcher, ...args, '--state-dir', person.dir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code: code ?? 1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** Runs a verb with `--json` and gives its document. */
async function mesh(person: Person, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(person, [...args, '--json']);
  if (code !== 0) throw new Error(`mesh ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });

async function person(name: string, folder: string): Promise<Person> {
  return { name, dir: join(folder, name), port: await freePort(), apiPort: await freePort() };
}

async function up(who: Person): Promise<void> {
  const args = ['up', '--detach', '--host', '127.0.0.1', '--port', String(who.port), '--api-port', String(who.apiPort)];
  await mesh(who, ...args);
}

const pidOf = (who: Person): number =>
  (JSON.parse(readFileSync(join(who.dir, 'node.json'), 'utf8')) as { readonly pid: number }).pid;

const time = (ms: unknown): string => new Date(Number(ms)).toISOString().slice(11, 23);

type Row = Readonly<Record<string, string>>;

async function rows(who: Person, ...args: readonly string[]): Promise<Row[]> {
  const { messages } = await mesh(who, ...args);
  return Array.isArray(messages) ? (messages as Row[]) : [];
}

/** Shows the proved steps of one message. */
async function showTrack(who: Person, id: string): Promise<void> {
  const { steps } = await mesh(who, 'track', id);
  for (const step of Array.isArray(steps) ? steps : []) {
    const { at, state, by, route, note } = step as Row;
    detail(
      `${time(at)}  ${(state ?? '').padEnd(10)} by ${by ?? ''}${route === undefined ? '' : `, ${route}`}${note === undefined ? '' : ` (${note})`}`,
    );
  }
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new Error(`${what} did not happen within 20 s`);
    await sleep(100);
  }
}

const handler = `// Bob's agent: message JSON on stdin, answer on stdout.
let text = '';
for await (const chunk of process.stdin) text += chunk;
const message = JSON.parse(text);
const words = message.payload.body.split(/\\s+/).filter(Boolean);
console.log(JSON.stringify({ body: words.length + ' words, ' + words.join('').length + ' letters' }));
`;

async function demo(folder: string, alice: Person, bob: Person): Promise<void> {
  say('Alice and Bob each make an identity.');
  for (const who of [alice, bob]) {
    const { agentId, fingerprint } = await mesh(who, 'init', '--name', who.name);
    detail(`${who.name}: ${String(agentId)}`);
    detail(`${' '.repeat(who.name.length)}  fingerprint ${String(fingerprint)}`);
  }

  say('Bob lets a program answer requests; everything else stays in his inbox.');
  const program = join(folder, 'handler.mjs');
  writeFileSync(program, handler);
  const command = JSON.stringify([process.execPath, program]);
  writeFileSync(
    join(bob.dir, 'mesh.toml'),
    `[agents.bob]\nruntime = "command"\ncommand = ${command}\ntypes = ["request"]\n`,
  );

  say('Both start their nodes.');
  await Promise.all([up(alice), up(bob)]);
  detail(
    `alice at http://127.0.0.1:${alice.port} (pid ${pidOf(alice)}), bob at http://127.0.0.1:${bob.port} (pid ${pidOf(bob)})`,
  );

  say('Alice invites, Bob joins: both sides agreed, so they are peers.');
  const { invite } = await mesh(alice, 'invite');
  detail(`${String(invite).slice(0, 60)}…`);
  const joined = await mesh(bob, 'join', String(invite));
  detail(
    `bob's contact ${String(joined['petname'])}: ${String(joined['state'])}, safety number ${String(joined['safetyNumber'])}`,
  );

  say('Alice sends a message: encrypted end to end, signed, stored before it counts as sent.');
  const sent = await mesh(alice, 'send', 'bob', 'Hello Bob, this is Alice.');
  await until('delivery', async () =>
    (await mesh(alice, 'track', String(sent['id'])))['state'] === 'delivered' ? true : undefined,
  );
  detail(String(sent['id']));
  await showTrack(alice, String(sent['id']));

  say("Alice asks, Bob's program answers.");
  const asked = await mesh(alice, 'ask', 'bob', 'How long is this sentence of mine?');
  const answer = asked['answer'];
  const body = typeof answer === 'object' && answer !== null && 'body' in answer ? String(answer.body) : '';
  detail(`answer after ${String(asked['elapsedMs'])} ms: ${body}`);
  await showTrack(alice, String(asked['request']));

  await killAndRecover(alice, bob);
}

async function killAndRecover(alice: Person, bob: Person): Promise<void> {
  say("Bob's node is killed (SIGKILL), and Alice sends ten messages meanwhile.");
  process.kill(pidOf(bob), 'SIGKILL');
  const ids: string[] = [];
  for (let n = 1; n <= 10; n += 1) ids.push(String((await mesh(alice, 'send', 'bob', `message ${n} of 10`))['id']));
  const waiting = (await rows(alice, 'outbox')).filter(({ id }) => ids.includes(String(id)));
  for (const row of waiting) detail(`${time(row['createdAt'])}  ${(row['state'] ?? '').padEnd(10)} ${row['id'] ?? ''}`);

  say("Bob's node starts again.");
  await up(bob);
  await until('delivery of all ten', async () => {
    const states = (await rows(alice, 'outbox')).filter(({ id }) => ids.includes(String(id))).map(({ state }) => state);
    return states.length === 10 && states.every((state) => state === 'delivered') ? true : undefined;
  });
  for (const row of (await rows(alice, 'outbox')).filter(({ id }) => ids.includes(String(id)))) {
    detail(`${time(row['createdAt'])}  ${(row['state'] ?? '').padEnd(10)} ${row['id'] ?? ''}`);
  }

  const inbox = (await rows(bob, 'inbox')).filter(({ id }) => ids.includes(String(id)));
  say(`Bob's inbox holds them once each and in order:`);
  for (const row of inbox) detail(`${time(row['receivedAt'])}  ${row['body'] ?? ''}  ${row['id'] ?? ''}`);
  const got = inbox.map(({ id }) => String(id));
  if (got.join() !== ids.join()) throw new Error(`expected ${ids.join(' ')}, got ${got.join(' ')}`);
  say('All ten arrived, once, in order.');
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-demo-'));
  const alice = await person('alice', folder);
  const bob = await person('bob', folder);
  try {
    await demo(folder, alice, bob);
    if (!keep) return;
    say('The nodes keep running. Talk to them:');
    detail(`node bin/mesh.cjs send bob "hello" --state-dir ${alice.dir}`);
    detail(`node bin/mesh.cjs inbox --follow --state-dir ${bob.dir}`);
    detail(`node bin/mesh.cjs ask bob "count these words" --state-dir ${alice.dir}`);
    detail('and when you are done:');
    for (const who of [alice, bob]) detail(`node bin/mesh.cjs down --state-dir ${who.dir}`);
    detail(`rm -r ${folder}`);
  } finally {
    if (!keep) {
      await Promise.all([alice, bob].map((who) => run(who, ['down'])));
      rmSync(folder, { recursive: true, force: true });
      say('Both nodes are stopped and the folder is gone.');
    }
  }
}

await main();
