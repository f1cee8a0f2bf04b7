import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { jsonText, visible } from '../terminal-text.ts';
import { count } from '../views/words.ts';

/** Checks the hash chain and the signed checkpoints. Exits with 1 when something was changed. */
export async function auditVerify({ client, settings, signal }: Call): Promise<Outcome> {
  const result = await client.auditVerify({ agent: settings.agent }, { signal });
  const { ok, entries, checkpoints, problem } = result;
  const what = `${count(entries, 'entry', 'entries')}, ${count(checkpoints, 'signed checkpoint')}`;
  return {
    data: result,
    lines: (paint) =>
      ok
        ? [`${paint.colour('green', 'The log is whole')}: ${what}.`]
        : [
            `${paint.colour('red', 'The log was changed')}: ${what}.`,
            ...(problem === undefined
              ? []
              : [`  ${visible(typeof problem === 'string' ? problem : jsonText(problem))}`]),
          ],
    next: ok
      ? []
      : ['Keep a copy of the state folder before you do anything else, and find out who could write to it.'],
    exitCode: ok ? 0 : 1,
  };
}
