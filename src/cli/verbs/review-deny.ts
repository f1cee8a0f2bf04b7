import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { checkPerson, digestIn } from '../review-choice.ts';

/** No program gets the message, or it never leaves. */
export async function reviewDeny(call: Call): Promise<Outcome> {
  const { args, client, settings, signal } = call;
  checkPerson(call);
  const input = { agent: settings.agent, id: args.at(0, 'ID'), digest: digestIn(call) };
  const decided = await client.denyReview(input, { signal });
  const what = decided.direction === 'in' ? 'Its sender hears so; it stays in: mesh dead' : 'It never left.';
  return { data: decided, lines: () => [`${decided.id}  refused. ${what}`] };
}
