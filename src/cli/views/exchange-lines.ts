import type { Outcome } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { wrap } from '../text-width.ts';
import { when } from '../times.ts';
import type { ContactView } from './types.ts';

// How the contact exchange stands, in words.

type Standing = Pick<ContactView, 'petname' | 'state' | 'exchange' | 'refusal' | 'endpoints'>;
type Next = NonNullable<Outcome['next']>;

/** Both trust each other as far as this side knows, and nothing is on its way. */
export const isMutual = ({ state, exchange, refusal }: Standing): boolean =>
  state === 'trusted' && exchange === undefined && refusal === undefined;

/** The state in a word or two that fit into a table. */
export function stateWord({ state, exchange, refusal }: Standing): string {
  if (state === 'requested-out') {
    if (exchange?.state === 'refused') return 'refused';
    return exchange?.state === 'expired' ? 'no answer' : state;
  }
  if (state !== 'trusted') return state;
  if (refusal?.of === 'message' || exchange?.state === 'refused') return 'one-sided';
  if (exchange === undefined) return state;
  return exchange.step === 'accept' ? 'trusted, not told' : 'asked again';
}

/** What labels of contacts and the gap after them take. */
const labelColumns = 15;

type Fields = readonly (readonly [label: string, value: string | undefined])[];

/** What is under way, and what the other node said against it. */
export function exchangeFields(
  { exchange, refusal }: Standing,
  paint: Paint,
  label: string = exchange?.step === 'accept' ? 'acceptance' : 'request',
): Fields {
  return [
    [label, exchange === undefined ? undefined : standingOf(exchange, paint)],
    [
      'refused',
      refusal === undefined
        ? undefined
        : [
            ...wrap(visible(refusal.message), paint.width - labelColumns),
            `${visible(refusal.code)}, ${when(refusal.at, paint)}`,
          ].join('\n'),
    ],
  ];
}

function standingOf({ step, state, until, atHub }: NonNullable<ContactView['exchange']>, paint: Paint): string {
  const end = until === undefined ? '' : when(until, paint);
  if (state === 'refused') return 'refused for good';
  if (state === 'under-way' && atHub === true) return `lies in its mailbox at a hub\nuntil ${end}`;
  if (step === 'accept') {
    return state === 'expired'
      ? `did not reach the other node until ${end}\nit is handed over when the two nodes meet`
      : `not there yet: the other node does not know that it is trusted\ntried until ${end}`;
  }
  switch (state) {
    case 'under-way':
      return `on its way\ntried until ${end}`;
    case 'delivered':
      return `has arrived, and waits for an answer\nuntil ${end}`;
    case 'expired':
      return `no answer until ${end}\nit is not asked any more; a late answer still counts`;
  }
}

/** What to do about a step that is open; nothing when none is. */
export function exchangeNext(contact: Standing): Next {
  const { petname, state, exchange, refusal, endpoints } = contact;
  const name = shellWord(petname);
  if (refusal !== undefined) return sentencesOf(refusal.hint);
  if (exchange === undefined) return [];
  if (exchange.step === 'accept') {
    return exchange.state === 'expired'
      ? [`A message takes the acceptance along: mesh send ${name} "hello"`, `To give up: mesh remove ${name}`]
      : [`See whether it knows: mesh contact ${name}`];
  }
  if (exchange.state === 'expired') {
    return [
      `Ask again: mesh request ${shellWord(visible(endpoints[0] ?? 'URL'))}`,
      `Or give it up: mesh remove ${name}`,
    ];
  }
  const there = { elsewhere: `The owner of ${petname} must approve it there: mesh requests, mesh approve ID` };
  return [
    ...(exchange.byInvite === true ? [] : [there]),
    ...(state === 'requested-out' ? [`To withdraw it: mesh remove ${name}`] : []),
  ];
}

/** The parts of a hint, each with a command at its end or none. */
const sentencesOf = (hint: string): readonly string[] =>
  hint.split(/(?<=\.) |, or /).map((part) => part.charAt(0).toUpperCase() + part.slice(1));

/** True when a person has to know or do something; false when all is well or only takes its time. */
export const needsLook = ({ exchange, refusal }: Standing): boolean =>
  refusal !== undefined || exchange?.state === 'expired';

/** The first line after a request, an approval or an invite: whether the two are peers now. */
export const outcomeLines = (contact: Standing, paint: Paint): readonly string[] =>
  wrap(outcomeOf(contact), paint.width);

function outcomeOf(contact: Standing): string {
  const name = visible(contact.petname);
  const { exchange, refusal } = contact;
  if (isMutual(contact)) return `You and ${name} are peers now.`;
  if (refusal !== undefined) return `${firstPart(contact, name)} ${visible(refusal.message)}.`;
  if (exchange?.step === 'accept') {
    if (exchange.atHub === true) return `${name} is trusted here. It learns that from its mailbox at a hub.`;
    return `${name} is trusted here. It does not know yet: it is told as soon as its node can be reached.`;
  }
  if (exchange?.state !== 'delivered' && exchange?.atHub === true) {
    return `The request lies in the mailbox of ${name} at a hub, until its node fetches it.`;
  }
  return exchange?.state === 'delivered'
    ? 'The request has arrived.'
    : 'The request is kept and sent as soon as the other node can be reached.';
}

const firstPart = ({ exchange }: Standing, name: string): string =>
  exchange?.step === 'accept' ? `${name} is trusted here.` : 'The request is kept.';
