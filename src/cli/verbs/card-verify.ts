import { readCardFile } from '../card-file.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { fields } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { when } from '../times.ts';
import { groups } from '../views/contact-lines.ts';

/** Checks a card of somebody else: form, signature, id and age. */
export async function cardVerify({ args, client, settings, ports, signal }: Call): Promise<Outcome> {
  const path = args.at(0, 'FILE');
  const result = await client.verifyCard(
    { agent: settings.agent, card: await readCardFile(path, ports.stdin) },
    { signal },
  );
  const { card, contact, fingerprint, safetyNumber } = result;
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
          ['safety number', groups(safetyNumber)],
          ['addresses', card.endpoints.map(visible).join('\n')],
          ['expires', when(card.expiresAt, paint)],
          ['contact', contact],
        ],
        paint,
      ),
    ],
    next: [
      contact === undefined ? `Ask for trust: mesh request ${path}` : `Your contact already: mesh contact ${contact}`,
    ],
  };
}
