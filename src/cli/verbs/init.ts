import { MeshError } from '#kernel';
import { present } from '../arguments.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { readPassphrase } from '../passphrase.ts';
import { findRunningNode } from '../running-node.ts';
import { agentLines } from '../views/agent-lines.ts';

/** Creates the first agent of the state folder. */
export async function init({ args, settings, ports }: Call): Promise<Outcome> {
  const name = args.text('name');
  if (name === undefined) {
    throw new MeshError('INVALID_ARGUMENT', 'The agent needs a name', { hint: 'Run: mesh init --name alice' });
  }
  if (findRunningNode(settings.stateDir) !== undefined) {
    throw new MeshError('NODE_RUNNING', `A node runs on ${settings.stateDir}`, {
      hint: 'For one more agent run: mesh agent add NAME. To replace the identity first run: mesh down',
    });
  }
  const passphrase = readPassphrase(settings.passphraseFile);
  const { initAgent } = await ports.nodeDoor();
  const agent = await initAgent({
    stateDir: settings.stateDir,
    name,
    force: args.flag('force'),
    ...present({
      displayName: args.text('displayName'),
      port: args.number('port', [1, 65_535]),
      endpoint: args.text('endpoint'),
      passphrase,
    }),
  });
  return {
    data: agent,
    lines: (paint) => [`Created the agent ${name} in ${settings.stateDir}`, '', ...agentLines(agent, paint)],
    next: ['Start the node: mesh up --detach', 'Then connect with another agent: mesh invite'],
  };
}
