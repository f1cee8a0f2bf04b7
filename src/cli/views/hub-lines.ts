import { type HubInviteView, type HubLimits, hubLimitNames, type HubMemberView, isHubLimit } from '#hub';
import type { HubReady } from '../hub-door.ts';
import type { Elsewhere } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { shortAgentId } from '../short-id.ts';
import { fields, table } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { relative } from '../times.ts';
import { size } from './words.ts';

const admissionWords = {
  open: 'open: every agent may join',
  invite: 'invite: who was invited may join',
  allowlist: 'allowlist: who is listed in hub.toml may join',
} as const;

/** What a person needs to know of a hub that has just started, and what to do next. */
export function hubReadyLines(
  info: HubReady,
  log: string | undefined,
  paint: Paint,
): { readonly lines: readonly string[]; readonly next: readonly (string | Elsewhere)[] } {
  const { host, port } = info.listen;
  const lines = [
    paint.colour('green', 'The hub is running.'),
    ...fields(
      [
        ['name', visible(info.name)],
        ['id', info.agentId],
        ['fingerprint', info.fingerprint],
        ['listens', `${host}:${port}`],
        ['reached at', visible(info.url)],
        ['admission', admissionWords[info.admission]],
        ['guests', info.guests ? 'may write to members' : 'none: only members write'],
        ['state', visible(info.stateDir)],
        ['log', log],
      ],
      paint,
    ),
  ];
  const join =
    info.admission === 'open'
      ? { elsewhere: `An agent joins with: mesh hub-join ${visible(info.url)}` }
      : 'Invite an agent, in another terminal: mesh hub admin invites --new';
  return { lines, next: [join, 'Who is here: mesh hub admin agents. Stop it: Ctrl-C'] };
}

export function memberTable(members: readonly HubMemberView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'NAME', cell: ({ name }) => visible(name), shrinkTo: 8 },
      { title: 'ID', cell: ({ agentId }) => shortAgentId(agentId) },
      {
        title: 'LINK',
        cell: ({ online }) => (online ? 'up' : 'down'),
        paint: (text, { online }) => paint.colour(online ? 'green' : 'dim', text),
      },
      { title: 'WAITING', cell: ({ frames }) => String(frames), align: 'end' },
      { title: 'KEYS', cell: ({ keyPackages }) => String(keyPackages), align: 'end' },
      { title: 'FILES', cell: ({ blobBytes }) => (blobBytes === 0 ? '' : size(blobBytes)), align: 'end' },
      { title: 'JOINED', cell: ({ registeredAt }) => relative(registeredAt, paint) },
    ],
    members,
    paint,
  );
}

export function mailboxTable(members: readonly HubMemberView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'NAME', cell: ({ name }) => visible(name), shrinkTo: 8 },
      { title: 'FRAMES', cell: ({ frames }) => String(frames), align: 'end' },
      { title: 'SIZE', cell: ({ bytes }) => size(bytes), align: 'end' },
      { title: 'OLDEST', cell: ({ oldestAt }) => (oldestAt === undefined ? '' : relative(oldestAt, paint)) },
      { title: 'LINK', cell: ({ online }) => (online ? 'up' : 'down') },
    ],
    members,
    paint,
  );
}

export function hubInviteTable(invites: readonly HubInviteView[], paint: Paint): readonly string[] {
  const stateOf = ({ usedBy, expiresAt }: HubInviteView): string => {
    if (usedBy !== undefined) return `used by ${shortAgentId(usedBy)}`;
    return expiresAt <= paint.now ? 'expired' : `open, ends ${relative(expiresAt, paint)}`;
  };
  return table(
    [
      { title: 'ID', cell: ({ id }) => visible(id) },
      { title: 'STATE', cell: stateOf },
      { title: 'NOTE', cell: ({ note }) => visible(note), shrinkTo: 8 },
    ],
    invites,
    paint,
  );
}

export function hubLimitLines(limits: HubLimits, paint: Paint): readonly string[] {
  const rows = Object.entries(limits).filter((row): row is [keyof HubLimits, number] => isHubLimit(row[0]));
  return table(
    [
      { title: 'LIMIT', cell: ([name]) => name },
      { title: 'VALUE', cell: ([, value]) => String(value), align: 'end' },
      { title: 'OF WHAT', cell: ([name]) => hubLimitNames[name], shrinkTo: 10 },
    ],
    rows,
    paint,
  );
}
