import { type Delivery, labelOf, type Look, seenInReply, type Teammate, usualPort, type Way } from '#team';
import type { MeshError } from '#kernel';
import type { Colour, Paint } from '../paint.ts';
import { table } from '../table.ts';
import { visible, visibleBlock } from '../terminal-text.ts';
import { elapsed } from '../times.ts';
import { bodyLines } from './message-lines.ts';

/** What is told of an error as JSON. */
export const problemView = ({ code, message, hint }: MeshError) => ({ code, message, hint });

export const nameView = ({ name, emailPrefix }: Teammate) => ({ name, emailPrefix });

export const nameOf = (teammate: Teammate): string => visible(labelOf(teammate));

/** One teammate in `mesh team list`; who works here is not looked at. */
export type Row = { readonly teammate: Teammate } & (Look | { readonly self: true });

export function rowView(row: Row) {
  const { teammate } = row;
  const { hostname, ip } = teammate;
  const facts = {
    ...nameView(teammate),
    ...(hostname === undefined ? {} : { hostname }),
    ...(ip === undefined ? {} : { ip }),
  };
  if ('self' in row) return { ...facts, self: true };
  if ('problem' in row) return { ...facts, online: false, way: wayOf(row), problem: problemView(row.problem) };
  const { way, address, latencyMs } = row.line;
  return { ...facts, online: true, way, address, ...(latencyMs === undefined ? {} : { latencyMs }) };
}

/** One line a teammate: over which way, and whether it is there. */
export function teamTable(rows: readonly Row[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'NAME', cell: ({ teammate }) => visible(teammate.name), shrinkTo: 8 },
      { title: 'EMAIL PREFIX', cell: ({ teammate }) => visible(teammate.emailPrefix), shrinkTo: 8 },
      { title: 'WAY', cell: (row) => ('self' in row ? '' : wayOf(row)) },
      { title: 'STATE', cell: stateWord, paint: (text, row) => paint.colour(colourOf(row), text) },
      { title: 'ADDRESS', cell: addressOf, shrinkTo: 12 },
      { title: 'LATENCY', cell: (row) => latencyOf(row), align: 'end' },
    ],
    rows,
    paint,
  );
}

function wayOf(row: Look): Way | 'none' {
  if ('line' in row) return row.line.way;
  return row.problem.code === 'TEAM_ADDRESS_MISSING' ? 'none' : row.way;
}

const stateWords: Readonly<Record<string, string>> = {
  GATEWAY_UNREACHABLE: 'offline',
  UNREACHABLE: 'offline',
  TEAM_ADDRESS_MISSING: 'no address',
  TEAM_TOKEN_MISSING: 'no token',
  PLAINTEXT_REFUSED: 'not encrypted',
  NOT_TRUSTED: 'no peer',
  NODE_NOT_RUNNING: 'no node here',
  AUTH_TOKEN_MISMATCH: 'wrong token',
  PAIRING_REQUIRED: 'not approved',
};

function stateWord(row: Row): string {
  if ('self' in row) return 'you';
  if ('line' in row) return 'online';
  const { code, data } = row.problem;
  return stateWords[String(data['reason'])] ?? stateWords[code] ?? 'refused';
}

function colourOf(row: Row): Colour {
  if ('self' in row) return 'dim';
  return 'line' in row ? 'green' : 'yellow';
}

function addressOf(row: Row): string {
  if ('line' in row) return visible(row.line.address);
  const { url, ip, port = usualPort, mesh, hostname } = row.teammate;
  return visible(url ?? (ip === undefined ? (mesh ?? hostname ?? '') : `${ip}:${port}`));
}

const latencyOf = (row: Row): string =>
  'line' in row && row.line.latencyMs !== undefined ? elapsed(row.line.latencyMs) : '';

/** What to do: about all who are not there together, about the others one by one. */
export function nextForRows(rows: readonly Row[]): readonly string[] {
  const troubled = rows.filter((row) => 'problem' in row);
  const away = troubled.filter(({ problem }) => isAway(problem));
  const names = away.map(({ teammate }) => visible(teammate.name)).join(', ');
  return [
    ...(away.length === 0
      ? []
      : [`Offline: ${names}. Does openclaw gateway run there, at that address? Fetch addresses: mesh team sync`]),
    ...troubled
      .filter(({ problem }) => !isAway(problem))
      .map(({ teammate, problem }) => `${visible(teammate.name)}: ${visible(problem.hint)}`),
  ];
}

const isAway = ({ code }: MeshError): boolean => code === 'GATEWAY_UNREACHABLE';

export function deliveryView(delivery: Delivery) {
  const { teammate, state, way } = delivery;
  if (delivery.state === 'answered') {
    const { reply, address } = delivery;
    const { text, run, elapsedMs, guard } = reply;
    const seen = guard === undefined ? {} : { guard };
    return { ...nameView(teammate), state, way, address, reply: text, run, elapsedMs: Math.round(elapsedMs), ...seen };
  }
  const { problem, told } = delivery;
  const run: unknown = problem.data['run'] ?? problem.data['id'];
  return {
    ...nameView(teammate),
    state,
    way,
    problem: problemView(problem),
    ...(typeof run === 'string' ? { run } : {}),
    ...(told === undefined ? {} : { told }),
  };
}

/** What one teammate's agent replied, or what became of the question. */
export function deliveryLines(delivery: Delivery, paint: Paint): readonly string[] {
  const name = paint.colour('bold', nameOf(delivery.teammate));
  if (delivery.state === 'answered') {
    const { text, elapsedMs } = delivery.reply;
    const seen = seenInReply(delivery.reply);
    const noted = seen === undefined ? [] : [`  ${paint.colour('yellow', seen)}`];
    return [`${name} answered in ${elapsed(elapsedMs)}, over the ${delivery.way}:`, ...noted, ...replyLines(text)];
  }
  const { problem } = delivery;
  const state = paint.colour('yellow', deliveryWords[delivery.state]);
  return [`${name} ${state}: ${visible(problem.message)}`, ...toldLines(delivery), `  ${visible(problem.hint)}`];
}

const deliveryWords = {
  unreachable: 'is not reachable',
  refused: 'got nothing',
  waiting: 'has not replied yet',
  failed: 'failed',
} as const;

export function toldLines(delivery: Delivery): readonly string[] {
  if (delivery.state === 'answered' || delivery.told === undefined) return [];
  const { to, sent, detail, program } = delivery.told;
  return [
    sent
      ? `  Told by ${visible(program)}: ${to}`
      : `  ${visible(program)} did not tell ${to}: ${visible(detail ?? '')}`,
  ];
}

export const replyLines = (text: string): readonly string[] =>
  text.trim() === '' ? ['  (It replied without a text.)'] : bodyLines(text);

/** A person sees whose words these are by the indentation; a program gets the words alone. */
export const replyOnly = (text: string, isTerminal: boolean): readonly string[] =>
  isTerminal ? replyLines(text) : visibleBlock(text.replace(/\n+$/, '')).split('\n');
