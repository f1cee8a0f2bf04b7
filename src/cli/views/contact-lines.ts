import type { Colour, Paint } from '../paint.ts';
import { shortAgentId } from '../short-id.ts';
import { fields, table } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { relative, when } from '../times.ts';
import type { ContactView, RequestView } from './types.ts';
import { exchangeFields, isMutual, stateWord } from './exchange-lines.ts';
import { contactColour, count, linkWord, queueWord, shown, size } from './words.ts';

/** One line a contact: what it is called, whether it is trusted, and how the connection is. */
export function contactTable(contacts: readonly ContactView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'CONTACT', cell: ({ petname }) => visible(petname), shrinkTo: 10 },
      {
        title: 'STATE',
        cell: (contact) => stateWord(contact),
        paint: (text, contact) => paint.colour(stateColour(contact), text),
      },
      { title: 'TIER', cell: ({ tier }) => tier },
      {
        title: 'LINK',
        cell: (contact) => linkWord(contact, paint),
        paint: (text, { link }) => (link === 'up' ? paint.colour('green', text) : text),
        shrinkTo: 8,
      },
      {
        title: 'QUEUED',
        cell: ({ waiting, inFlight }) => (waiting + inFlight === 0 ? '' : String(waiting + inFlight)),
        align: 'end',
      },
      { title: 'HEARD', cell: ({ lastHeardAt }) => (lastHeardAt === undefined ? '' : relative(lastHeardAt, paint)) },
      { title: 'VERIFIED', cell: ({ verifiedAt }) => (verifiedAt === undefined ? '' : 'yes') },
    ],
    contacts,
    paint,
  );
}

/** Everything about one contact. */
export function contactLines(contact: ContactView, paint: Paint): readonly string[] {
  const { state, tier, endpoints, purpose } = contact;
  return fields(
    [
      ['contact', paint.colour('bold', visible(contact.petname))],
      ['calls itself', namesOf(contact)],
      ['state', paint.colour(stateColour(contact), state)],
      ['tier', `${tier}${limitsOf(contact)}`],
      ['id', contact.agentId],
      ['fingerprint', contact.fingerprint],
      ['safety number', groups(contact.safetyNumber)],
      ['verified', contact.verifiedAt === undefined ? 'not yet' : when(contact.verifiedAt, paint)],
      ['restored', restoredOf(contact, paint)],
      ['new key', candidateOf(contact, paint)],
      ['purpose', shown(purpose)],
      ['addresses', endpoints.length === 0 ? undefined : endpoints.map(visible).join('\n')],
      ...exchangeFields(contact, paint),
      ...connectionOf(contact, paint),
      ['known since', when(contact.createdAt, paint)],
    ],
    paint,
  );
}

function connectionOf(contact: ContactView, paint: Paint): readonly (readonly [string, string | undefined])[] {
  const { lastError, session, route } = contact;
  const link = linkWord(contact, paint);
  const queue = queueWord(contact);
  return [
    ['link', link === '' ? undefined : `${link}${route === undefined ? '' : `, ${visible(route)}`}`],
    ['last heard', contact.lastHeardAt === undefined ? undefined : when(contact.lastHeardAt, paint)],
    [
      'last error',
      lastError === undefined
        ? undefined
        : `${visible(lastError.message ?? lastError.code)}\n${visible(lastError.code)}, ${when(lastError.at, paint)}`,
    ],
    ['breaker', contact.breaker === 'closed' ? undefined : contact.breaker],
    ['queue', queue === '' ? undefined : queue],
    ['session', session === undefined ? undefined : sessionWord(session, paint)],
  ];
}

function sessionWord({ epoch, confirmed, createdAt }: NonNullable<ContactView['session']>, paint: Paint): string {
  const facts = [
    epoch === undefined ? undefined : `epoch ${epoch}`,
    confirmed ? undefined : 'not confirmed yet',
    `since ${when(createdAt, paint)}`,
  ];
  return facts.filter((fact) => fact !== undefined).join(', ');
}

function namesOf({ petname, name, displayName }: ContactView): string | undefined {
  const names = [name === petname ? undefined : name, displayName].filter((one) => one !== undefined);
  return names.length === 0 ? undefined : names.map(visible).join(', ');
}

function limitsOf({ permissions: { messageTypes, maxAttachmentBytes } }: ContactView): string {
  const types = messageTypes === undefined ? '' : `, only ${messageTypes.join(' ')}`;
  return types + (maxAttachmentBytes === undefined ? '' : `, attachments up to ${size(maxAttachmentBytes)}`);
}

/** When it came back from a backup, and what it does not know. */
function restoredOf({ restored }: ContactView, paint: Paint): string | undefined {
  if (restored === undefined) return undefined;
  return `${when(restored.at, paint)}, from a backup of ${when(restored.asOf, paint)}`;
}

function candidateOf({ candidate }: ContactView, paint: Paint): string | undefined {
  if (candidate === undefined) return undefined;
  return `${paint.colour('red', candidate.fingerprint)}\n${candidate.agentId}\nseen ${when(candidate.seenAt, paint)}`;
}

/** A safety number in two lines of six groups, as two people read it to each other. */
export function groups(safetyNumber: string): string {
  const all = safetyNumber.split(' ');
  return [all.slice(0, 6), all.slice(6)]
    .filter((half) => half.length > 0)
    .map((half) => half.join(' '))
    .join('\n');
}

/** Who asks, for the person who decides: a name proves nothing, so the fingerprint stands beside it. */
export function requestLines(request: RequestView, paint: Paint): readonly string[] {
  const { petname, displayName, sameNameAs, endpoints } = request;
  const warning =
    sameNameAs === undefined
      ? []
      : [
          paint.colour(
            'red',
            `Careful: your contact ${visible(sameNameAs)} has the same name and another key. It may be somebody else.`,
          ),
        ];
  return [
    ...fields(
      [
        ['request', paint.colour('bold', request.id)],
        [
          request.direction === 'in' ? 'from' : 'to',
          displayName === undefined ? visible(petname) : `${visible(petname)} (${visible(displayName)})`,
        ],
        ['id', shortAgentId(request.agentId)],
        ['fingerprint', request.fingerprint],
        ['purpose', shown(request.purpose)],
        ['addresses', endpoints.length === 0 ? undefined : endpoints.map(visible).join('\n')],
        ['when', when(request.at, paint)],
        ...(request.direction === 'in' ? [] : exchangeFields(request, paint, 'state')),
      ],
      paint,
    ),
    ...warning,
  ];
}

/** Trust that is not mutual is no success. */
const stateColour = (contact: ContactView): Colour =>
  contact.state === 'trusted' && !isMutual(contact) ? 'yellow' : contactColour(contact.state);

/** `3 peers, 2 connected`. */
export function peerSummary(contacts: readonly ContactView[]): string {
  const peers = contacts.filter(isMutual);
  return `${count(peers.length, 'peer')}, ${peers.filter(({ link }) => link === 'up').length} connected`;
}
