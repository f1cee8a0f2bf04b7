import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { statusLines } from '../views/status-lines.ts';
import type { Status } from '../views/types.ts';
import { pasteableWarning } from '../views/warning-lines.ts';

/** The whole node on one page. */
export async function status({ client, settings, signal }: Call): Promise<Outcome> {
  const answer = await client.status({ agent: settings.agent }, { signal });
  const warnings = answer.warnings.map((warning) => pasteableWarning(warning, settings));
  return {
    data: answer,
    lines: (paint) => statusLines({ ...answer, warnings }, paint),
    next: nextSteps(answer),
  };
}

function nextSteps({ running, requests, queue, peers }: Status): readonly (string | undefined)[] {
  const unverified = peers.find(({ state, verifiedAt }) => state === 'trusted' && verifiedAt === undefined);
  return [
    running ? undefined : 'Start the node: mesh up --detach',
    requests === 0 ? undefined : 'Decide about the requests: mesh requests',
    queue.unread === 0 ? undefined : 'Read what came in: mesh inbox --unread',
    running && peers.length === 0 ? 'Connect with another agent: mesh invite' : undefined,
    unverified === undefined
      ? undefined
      : `Compare the safety number once: mesh verify ${shellWord(unverified.petname)}`,
  ];
}
