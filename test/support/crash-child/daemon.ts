// `mesh` as `bin/mesh.cjs` starts it, with a store that meets the trigger.
import { processOutput } from '../../../src/cli/process-output.ts';
import { processPorts } from '../../../src/cli/process-ports.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import { hastyLimits } from '../../crash/hasty.ts';
import { forgetSessions, openArmedStore, type OpenStore } from './armed-store.ts';
import { obey, readSetup } from './setup.ts';
import { Trigger } from './trigger.ts';
import { watchFiles } from './watch-files.ts';
import { watchSockets } from './watch-sockets.ts';

const setup = readSetup();
const trigger = new Trigger(setup.dir);
trigger.arm(setup.arm);
watchFiles(trigger);
watchSockets(trigger);

const openStore: OpenStore = async (options) => {
  const store = await openArmedStore(trigger)(options);
  if (setup.forget === true) await forgetSessions(store, setup.name);
  return store;
};

obey((order) => {
  if (order.order === 'arm') trigger.arm(order.arm);
});
const interrupt = new AbortController();
process.once('SIGTERM', () => interrupt.abort());
const [stdout, stderr] = [processOutput(process.stdout), processOutput(process.stderr)];
const { signal } = interrupt;
const code = await runCli(['up', '--json', '--state-dir', setup.stateDir], {
  stdout,
  stderr,
  environment: process.env,
  signal,
  ports: async () => ({
    ...processPorts({ stdout, stderr, signal }),
    nodeDoor: async () => {
      const door = await import('#node');
      return { ...door, runNode: (options) => door.runNode({ ...options, openStore, limits: hastyLimits }) };
    },
  }),
});
process.exit(code);
