import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import type { Outcome } from '../outcome.ts';
import { restartNode } from '../restart-node.ts';
import { findRunningNode } from '../running-node.ts';
import { removalLines } from '../views/openclaw-lines.ts';
import { nodeStep } from './openclaw-setup.ts';

const unsure = (): MeshError =>
  new MeshError('INVALID_ARGUMENT', 'Undoing the setup writes files: this needs a yes', {
    hint: 'See what it does with --dry-run, then run the same with --yes.',
  });

/** Takes back what setup wrote; what a person changed since stays, and is named. */
export async function openclawRemove(call: Call): Promise<Outcome> {
  const { args, settings, ports, screen } = call;
  const { planOpenclawRemoval } = await ports.nodeDoor();
  const { view, apply } = await planOpenclawRemoval({ stateDir: settings.stateDir, agent: settings.agent });
  if (args.flag('dryRun')) {
    return {
      data: { done: false, ...view },
      lines: () => [...removalLines(view), '', 'Nothing was changed.'],
      next: ['Do it: mesh openclaw remove'],
    };
  }
  if (!args.flag('yes')) {
    if (!canAsk(call)) throw unsure();
    screen.lines([...removalLines(view), '']);
    if (!(await confirm(ports, 'Do this?'))) {
      return { data: { done: false }, lines: () => ['Nothing was changed.'], exitCode: 1 };
    }
  }
  await apply();
  const restarted = args.flag('restart') && (await restartNode(call));
  const runs = restarted || findRunningNode(settings.stateDir) !== undefined;
  return {
    data: { done: true, ...view, restarted },
    lines: () => [
      ...(args.flag('yes') ? removalLines(view) : []),
      `${view.agent} is not connected with OpenClaw any more: its messages wait in the inbox.`,
    ],
    next: [runs ? nodeStep(call, restarted) : undefined, 'Connect it again: mesh openclaw setup'],
  };
}
