// What the machine can do at all, measured in the same run: the ratio to it survives a noisy machine.
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WebSocket, WebSocketServer } from 'ws';

const spanMs = 1500;

/** Signature verifications, durable SQLite commits and WebSocket echoes of 256 bytes, each a second on one core. */
export async function references(dir: string): Promise<Record<string, number>> {
  return {
    ed25519VerifyPerSecond: verifications(),
    sqliteDurableCommitsPerSecond: commits(dir),
    wsEchoPerSecond: await echoes(),
  };
}

function rate(step: () => void): number {
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < spanMs) {
    step();
    count += 1;
  }
  return Math.round((count * 1000) / (performance.now() - startedAt));
}

function verifications(): number {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const data = randomBytes(256);
  const signature = sign(null, data, privateKey);
  return rate(() => {
    if (!verify(null, data, publicKey, signature)) throw new Error('a valid signature did not verify');
  });
}

function commits(dir: string): number {
  const db = new DatabaseSync(join(dir, 'reference.db'));
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)');
  const insert = db.prepare('INSERT INTO t (body) VALUES (?)');
  const body = randomBytes(256);
  const perSecond = rate(() => insert.run(body));
  db.close();
  return perSecond;
}

async function echoes(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((resolve) => client.once('open', resolve));
  const body = randomBytes(256);
  let count = 0;
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    client.on('message', () => {
      count += 1;
      if (performance.now() - startedAt < spanMs) client.send(body);
      else resolve();
    });
    for (let n = 0; n < 64; n += 1) client.send(body);
  });
  const perSecond = Math.round((count * 1000) / (performance.now() - startedAt));
  client.terminate();
  server.close();
  return perSecond;
}
