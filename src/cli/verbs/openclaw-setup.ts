import { MeshError } from '#kernel';
import type { OpenclawSetup } from '#node';
import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import type { Outcome } from '../outcome.ts';
import { pluginTurn } from '../plugin-turn.ts';
import { restartNode } from '../restart-node.ts';
import { findRunningNode } from '../running-node.ts';
import { setupLines, turnLines } from '../views/openclaw-lines.ts';

const unsure = (): MeshError =>
  new MeshError('INVALID_ARGUMENT', 'Setting up OpenClaw writes files: this needs a yes', {
    hint: 'See what it writes with --dry-run, then run the same with --yes.',
  });

/** Connects the OpenClaw gateway of this machine: shows what it will write, writes it, proves it by a turn. */
export async function openclawSetup(call: Call): Promise<Outcome> {
  const { args, settings, ports, screen, signal } = call;
  screen.progress('Looking at the gateway …');
  const { planOpenclawSetup } = await ports.nodeDoor();
  const plan = await planOpenclawSetup({
    stateDir: settings.stateDir,
    agent: settings.agent,
    gatewayAgent: args.text('gatewayAgent') ?? 'main',
    transport: args.choice('transport', ['ws', 'hooks', 'plugin'] as const) ?? 'ws',
    config: args.text('config'),
    tokenFile: args.text('tokenFile'),
    environment: ports.environment,
    signal,
  });
  const { view } = plan;
  if (args.flag('dryRun')) return shownOnly(plan);
  checkNode(call, view);
  if (!view.isDone) {
    if (!args.flag('yes') && !canAsk(call)) throw unsure();
    if (!settings.json) screen.lines([...setupLines(view, screen.paint()), '']);
    const sure = args.flag('yes') || (await confirm(ports, 'Write this, and let the agent answer a question?'));
    if (!sure) return { data: { done: false }, lines: () => ['Nothing was changed.'], exitCode: 1 };
  }
  screen.progress(`Asking ${view.gateway.agent} …`);
  const turn = await plan.apply({ signal, ask: () => pluginTurn(call, view.agent) });
  const restarted = args.flag('restart') && (await restartNode(call));
  return {
    data: { done: true, ...view, turn, restarted },
    lines: (paint) => [
      ...(view.isDone ? [...setupLines(view, paint), '', 'It is set up already: nothing was written.'] : []),
      ...turnLines(turn, view.gateway.agent, paint),
    ],
    next: [view.transport === 'plugin' ? undefined : nodeStep(call, restarted), 'Undo it: mesh openclaw remove'],
  };
}

/** The plugin attaches to a node. */
function checkNode({ settings }: Call, { transport }: OpenclawSetup['view']): void {
  if (transport !== 'plugin' || findRunningNode(settings.stateDir) !== undefined) return;
  throw new MeshError('NODE_NOT_RUNNING', 'The plugin answers over the node, which does not run', {
    hint: 'Start it: mesh up --detach. Then run this again.',
  });
}

function shownOnly({ view }: OpenclawSetup): Outcome {
  return {
    data: { done: false, ...view },
    lines: (paint) => [
      ...setupLines(view, paint),
      '',
      view.isDone ? 'It is set up already: nothing would be written.' : 'Nothing was changed.',
    ],
    next: [view.isDone ? undefined : 'Write it: run the same without --dry-run'],
  };
}

/** What a node has to do with it. */
export function nodeStep({ settings }: Call, restarted: boolean): string {
  if (restarted) return 'The node was restarted. How it is doing: mesh status';
  return findRunningNode(settings.stateDir) === undefined
    ? 'Start the node: mesh up --detach'
    : 'The node that runs takes it over when it is restarted: mesh down, mesh up --detach';
}
