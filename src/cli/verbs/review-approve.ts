import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { checkPerson, digestIn } from '../review-choice.ts';
import { shortIds } from '../short-id.ts';

/** The program gets the message, or it leaves: exactly the one that was looked at. */
export async function reviewApprove(call: Call): Promise<Outcome> {
  const { args, client, settings, signal } = call;
  checkPerson(call);
  const id = args.at(0, 'ID');
  const digest = digestIn(call);
  if (digest === undefined) {
    throw new MeshError('INVALID_ARGUMENT', 'What is approved is not said', {
      hint: `Look at it first, and copy the command that it prints: mesh review show ${id}`,
    });
  }
  const decided = await client.approveReview({ agent: settings.agent, id, digest }, { signal });
  const short = shortIds([decided.id])(decided.id);
  return {
    data: decided,
    lines: () => [
      `${decided.id}  approved. ${decided.direction === 'in' ? 'The program gets it now.' : 'It is on its way now.'}`,
    ],
    next: [
      decided.direction === 'in'
        ? `See what becomes of it: mesh read ${short}`
        : `See what becomes of it: mesh track ${short}`,
    ],
  };
}
