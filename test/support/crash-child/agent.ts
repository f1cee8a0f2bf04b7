// A program that embeds a node: in-process handler, messages of its own, and an end where it is told to have one.
import { join } from 'node:path';
import { createLogger } from '#host';
import { defaultConfig, MeshNode, stateDir } from '#node';
import { inProcessRuntime } from '#runtime';
import { hastyLimits } from '../../crash/hasty.ts';
import { Dice } from '../../crash/dice.ts';
import { Journal } from '../../crash/journal.ts';
import { Ledger } from '../../crash/ledger.ts';
import { Traffic } from '../../crash/traffic.ts';
import { forgetSessions, type OpenStore } from './armed-store.ts';
import { handlerOf } from './handler.ts';
import { openPlanted } from './planted.ts';
import { obey, readSetup } from './setup.ts';
import { Trigger } from './trigger.ts';
import { watchFiles } from './watch-files.ts';
import { watchSockets } from './watch-sockets.ts';

const setup = readSetup();
const { name, peer, dir, port, endpoint, arm, gentle } = setup;
const trigger = new Trigger(dir);
trigger.arm(arm);
watchFiles(trigger);
watchSockets(trigger);

const openStore: OpenStore = async (options) => {
  const store = await openPlanted(setup, trigger)(options);
  if (setup.forget === true) await forgetSessions(store, name);
  return store;
};

const node = await MeshNode.start({
  state: stateDir(setup.stateDir),
  config: { ...defaultConfig, host: '127.0.0.1', port, apiPort: 0, endpoints: [endpoint] },
  logger: createLogger({ level: 'info', fd: 2 }),
  limits: hastyLimits,
  runtimes: { [name]: inProcessRuntime(handlerOf(new Journal(join(dir, 'journal')), trigger)) },
  openStore,
});

const traffic = new Traffic({
  ledger: new Ledger(join(dir, 'ledger')),
  dice: new Dice(setup.seed),
  to: peer,
  gentle,
  send: (message) => node.operations.send(message, { signal: new AbortController().signal }),
});

obey(async (order) => {
  if (order.order === 'arm') trigger.arm(order.arm);
  if (order.order === 'talk') traffic.start();
  if (order.order === 'hush') await traffic.stop();
});
process.once('SIGTERM', () => {
  void (async () => {
    await traffic.stop();
    await node.stop();
    process.exit(0);
  })();
});
if (setup.talks) traffic.start();
process.stdout.write(`${JSON.stringify({ api: node.listening.apiAddress })}\n`);
