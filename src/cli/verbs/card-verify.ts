import type { Output } from '#api';
import { readCardFile } from '../card-file.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { fields } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { when } from '../times.ts';
import { groups } from '../views/contact-lines.ts';

function nextStep({ contact, own }: Output<'verifyCard'>, path: string): string {
  if (own === true) return 'It is your own card: give it to others, who ask for trust with it.';
  if (contact !== undefined) return `Your contact already: mesh contact ${shellWord(contact)}`;
  return `Ask for trust: mesh request ${shellWord(path)}`;
}

/** Checks a card of somebody else: form, signature, id and age. */
export async function cardVerify({ args, client, settings, ports, signal }: Call): Promise<Outcome> {
  const path = args.at(0, 'FILE');
  const result = await client.verifyCard(
    { agent: settings.agent, card: await readCardFile(path, ports.stdin) },
    { signal },
  );
  const { card, contact, fingerprint, safetyNumber, own } = result;
  return {
    data: result,
    lines: (paint) => [
      paint.colour('green', 'The card is valid: its owner signed it and its id is that of its key.'),
      '',
      ...fields(
        [
          ['name', visible(card.name)],
          ['display name', card.displayName === undefined ? undefined : visible(card.displayName)],
          ['id', card.agentId],
          ['fingerprint', fingerprint],
          ['safety number', own === true ? undefined : groups(safetyNumber)],
          ['addresses', card.endpoints.map(visible).join('\n')],
          ['expires', when(card.expiresAt, paint)],
          ['contact', contact],
        ],
        paint,
      ),
    ],
    next: [nextStep(result, path)],
  };
}
