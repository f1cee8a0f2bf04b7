import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { tierNames } from '../table/verb-spec.ts';
import { visible } from '../terminal-text.ts';
import { contactLines } from '../views/contact-lines.ts';

const stillWaiting = [
  'The other node has not answered yet. It is asked again until the invite expires;',
  'the contact becomes a peer then.',
];

/** Uses an invite: both sides become peers in one step. */
export async function join({ args, client, settings, screen, signal }: Call): Promise<Outcome> {
  screen.progress('Waiting for the other node …');
  const contact = await client.join(
    {
      agent: settings.agent,
      invite: args.at(0, 'INVITE').trim(),
      petname: args.text('as'),
      tier: args.choice('tier', tierNames),
      waitMs: args.durationMs('wait'),
    },
    { signal },
  );
  const name = shellWord(contact.petname);
  const isPeer = contact.state === 'trusted';
  return {
    data: contact,
    lines: (paint) => [
      ...(isPeer ? [`You and ${visible(contact.petname)} are peers now.`] : stillWaiting),
      '',
      ...contactLines(contact, paint),
    ],
    next: isPeer
      ? [`Say hello: mesh send ${name} "hello"`, `Make sure that it is really them: mesh verify ${name}`]
      : [`See whether it has answered: mesh contact ${name}`],
  };
}
