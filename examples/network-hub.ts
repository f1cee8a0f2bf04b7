// Two programs, as on two machines, and a hub in a third place. Each names the other one, by the fingerprint that its owner told.
//   node --conditions=source examples/network-hub.ts
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, HubServer, NetworkHub } from 'agent-mesh';

const [, file = '', role, port = '', fingerprint = ''] = process.argv;

async function bob(): Promise<void> {
  const agent = new Agent('bob', { hub: new NetworkHub({ host: '127.0.0.1', port: Number(port) }) });
  await agent.ready();
  process.send?.(agent.fingerprint);
  await agent.connect('alice', { fingerprint });
  const last = Promise.withResolvers<void>();
  agent.onMessage(({ sender, text, type }) => {
    if (type === 'request') return `Yes, ${sender}, in a program of my own. (${text})`;
    last.resolve();
    return undefined;
  });
  await last.promise;
  await agent.close();
  process.disconnect();
}

async function alice(): Promise<void> {
  const server = await new HubServer({ host: '127.0.0.1', port: 0 }).start();
  const agent = new Agent('alice', { hub: new NetworkHub({ host: '127.0.0.1', port: server.port }) });
  await agent.ready();
  const other: ChildProcess = fork(file, ['bob', String(server.port), agent.fingerprint]);
  const [told] = (await once(other, 'message')) as [string];
  await agent.connect('bob', { fingerprint: told });
  console.log(`At the hub: ${(await server.listAgents()).join(', ')}`);
  const { answer } = await agent.ask('bob', 'Are you over there?');
  console.log(answer.body);
  await agent.send('bob', 'Good night.');
  const [code] = (await once(other, 'exit')) as [number];
  console.log(`The other program ended with ${code}.`);
  await agent.close();
  await server.close();
}

await (role === 'bob' ? bob() : alice());

// Prints:
// At the hub: alice, bob
// Yes, alice, in a program of my own. (Are you over there?)
// The other program ended with 0.
