import { existsSync } from 'node:fs';
import type { Input } from '#api';
import { readCardFile } from '../card-file.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { scanUrl } from '../scan-targets.ts';
import { shellWord } from '../settings.ts';
import { requestLines } from '../views/contact-lines.ts';
import { exchangeNext, isMutual, outcomeLines } from '../views/exchange-lines.ts';

const defaultPort = 8787;
// For the request to arrive, so that what is said here is true a moment later.
const waitMs = 5000;

/** Asks another agent to become a peer; its owner has to approve, unless it asked first or trusts this one already. */
export async function request(call: Call): Promise<Outcome> {
  const { args, client, settings, screen, signal } = call;
  const target = await targetOf(call);
  screen.progress('Asking …');
  const made = await client.request(
    {
      agent: settings.agent,
      target,
      purpose: args.text('purpose'),
      petname: args.text('as'),
      targetAgent: args.text('to'),
      waitMs,
    },
    { signal },
  );
  const name = shellWord(made.petname);
  return {
    data: made,
    lines: (paint) => [...outcomeLines(made, paint), '', ...requestLines(made, paint)],
    next: isMutual(made)
      ? [`Say hello: mesh send ${name} "hello"`, `Make sure that it is really them: mesh verify ${name}`]
      : [...exchangeNext(made), `See how it stands: mesh contact ${name}`],
  };
}

/** A URL as it is; what names a file is a card; anything else is an address without its scheme. */
async function targetOf({ args, ports }: Call): Promise<Input<'request'>['target']> {
  const target = args.at(0, 'TARGET');
  if (/^https?:\/\//i.test(target)) return scanUrl(target, defaultPort);
  if (target === '-' || target.endsWith('.json') || existsSync(target)) return readCardFile(target, ports.stdin);
  // NAME@HUB: an agent that a hub lists.
  if (/^[a-z0-9][a-z0-9._-]*@[^/\s]+$/.test(target)) return target;
  return scanUrl(target, defaultPort);
}
