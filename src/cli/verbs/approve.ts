import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { findRequest } from '../find-request.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { tierNames } from '../table/verb-spec.ts';
import { visible } from '../terminal-text.ts';
import { contactLines } from '../views/contact-lines.ts';
import { exchangeNext, isMutual, outcomeLines } from '../views/exchange-lines.ts';
import type { ContactView } from '../views/types.ts';

// For the acceptance to arrive, so that both are connected when this returns.
const waitMs = 5000;

/** Approves a request that came in, or what a person decided about a contact whose key has changed. */
export async function approve(call: Call): Promise<Outcome> {
  const { args, client, settings, screen, signal } = call;
  const text = args.at(0, 'ID');
  const { agent } = settings;
  const keepKey = args.flag('keepKey');
  const request = keepKey ? undefined : await findRequest(client, { agent, text, signal });
  if (request === undefined) return approveChange(call, text);
  const tier = args.choice('tier', tierNames);
  screen.progress(`Telling ${visible(request.petname)} …`);
  const contact = await client.approve({ agent, id: request.id, petname: args.text('as'), tier, waitMs }, { signal });
  return {
    data: contact,
    lines: (paint) => [...outcomeLines(contact, paint), '', ...contactLines(contact, paint)],
    next: nextSteps(contact),
  };
}

async function approveChange({ args, client, settings, signal }: Call, text: string): Promise<Outcome> {
  const { agent } = settings;
  const keepKey = args.flag('keepKey');
  const before = await client.contact({ agent, contact: text }, { signal }).catch((error: unknown) => {
    throw notFoundHere(error, text);
  });
  if (before.state !== 'changed') throw nothingToApprove(before);
  const contact = await client.approveChange({ agent, contact: before.agentId, keepKey }, { signal });
  return {
    data: contact,
    lines: (paint) => [
      ...(keepKey
        ? [`${visible(contact.petname)} keeps the key it had.`]
        : [
            `${visible(contact.petname)} is asked for trust with its new key.`,
            'What waits for it is sent once it agrees.',
          ]),
      '',
      ...contactLines(contact, paint),
    ],
    next: nextSteps(contact),
  };
}

function nextSteps(contact: ContactView): NonNullable<Outcome['next']> {
  const name = shellWord(contact.petname);
  if (!isMutual(contact)) return exchangeNext(contact);
  return [`Make sure that it is really them: mesh verify ${name}`, `Say hello: mesh send ${name} "hello"`];
}

function notFoundHere(error: unknown, text: string): unknown {
  if (!(error instanceof MeshError) || error.code !== 'NOT_FOUND') return error;
  return new MeshError('NOT_FOUND', `No request and no contact is ${JSON.stringify(text)}`, {
    cause: error,
    hint: 'List what waits for you with: mesh requests',
  });
}

function nothingToApprove({ petname, state }: ContactView): MeshError {
  const hints: Partial<Record<ContactView['state'], string>> = {
    trusted: 'It is a peer already; nothing to do.',
    'requested-out': `You asked them. See how that stands: mesh contact ${shellWord(petname)}`,
    blocked: `To allow it again run: mesh tier ${shellWord(petname)} bounded`,
  };
  const hint = hints[state];
  return new MeshError(
    'WRONG_STATE',
    `${petname} is ${state}: there is nothing to approve`,
    hint === undefined ? {} : { hint },
  );
}
