import type { BackupContents, BackupMade, LeftOut, RestoreDone, RestoredAgent } from '../node-door.ts';
import type { Paint } from '../paint.ts';
import { fields, table } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { wrap } from '../text-width.ts';
import { when } from '../times.ts';
import { count, size } from './words.ts';

const namesOf = (agents: readonly { readonly name: string }[]): string =>
  agents.map(({ name }) => visible(name)).join(', ');

const pathsOf = (files: readonly LeftOut[]): string =>
  files.map(({ what, path }) => `${visible(path)} (${what})`).join('\n');

export function backupLines(made: BackupMade, paint: Paint): readonly string[] {
  const { agents, file, bytes, createdAt, online, leftOut } = made;
  return [
    `${paint.colour('green', 'Backed up')} ${namesOf(agents)}${online ? ', while the node went on' : ''}.`,
    ...fields(
      [
        ['file', `${visible(file)} (${size(bytes)}, read back and whole)`],
        ['as of', when(createdAt, paint)],
        ['not in it', leftOut.length === 0 ? undefined : pathsOf(leftOut)],
      ],
      paint,
    ),
  ];
}

export function contentsLines(contents: BackupContents, paint: Paint): readonly string[] {
  const { agents, createdAt, software, files } = contents;
  return [
    `${paint.colour('green', 'The backup is whole')} and the passphrase opens it.`,
    ...fields(
      [
        ['agents', namesOf(agents)],
        ['as of', when(createdAt, paint)],
        ['made by', visible(software)],
      ],
      paint,
    ),
    '',
    ...table(
      [
        { title: 'FILE', cell: (file) => visible(file.name) },
        { title: 'SIZE', cell: (file) => size(file.size), align: 'end' },
      ],
      files,
      paint,
    ),
  ];
}

/** What there is again, and plainly what is not. */
export function restoredLines(done: RestoreDone, paint: Paint): readonly string[] {
  const { agents, createdAt, stateDir, setAside, missing } = done;
  return [
    `${paint.colour('green', 'Restored')} ${namesOf(agents)} in ${visible(stateDir)}`,
    ...fields(
      [
        ['as of', when(createdAt, paint)],
        ['set aside', setAside === undefined ? undefined : visible(setAside)],
        ['missing', missing.length === 0 ? undefined : pathsOf(missing)],
      ],
      paint,
    ),
    '',
    ...table(
      [
        { title: 'AGENT', cell: ({ name }) => visible(name) },
        { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
        { title: 'CONTACTS', cell: ({ contacts }) => String(contacts), align: 'end' },
      ],
      agents,
      paint,
    ),
    '',
    ...facts(agents, when(createdAt, paint)).flatMap((fact) => bullet(fact, paint)),
  ];
}

function facts(agents: readonly RestoredAgent[], since: string): readonly string[] {
  const sum = (of: (agent: RestoredAgent) => number): number => agents.reduce((total, agent) => total + of(agent), 0);
  const waiting = sum((agent) => agent.waiting);
  const unhandled = sum((agent) => agent.unhandled);
  const invites = sum((agent) => agent.invites);
  return [
    `What came in after ${since} is gone here, and its senders believe it delivered. They see it with mesh outbox and can send it again.`,
    'What you sent, answered or decided after that is not known here either: look whether somebody whom you removed or blocked since is a peer again (mesh peers).',
    waiting === 0
      ? ''
      : `${count(waiting, 'message')} to peers ${waiting === 1 ? 'is' : 'are'} sent again, because the backup does not know of the delivery. Who has one already takes it once.`,
    unhandled === 0
      ? ''
      : `${count(unhandled, 'message')} that came in ${unhandled === 1 ? 'was' : 'were'} not handled in the backup: the program gets ${unhandled === 1 ? 'it' : 'them'}, perhaps a second time.`,
    invites === 0
      ? ''
      : `${count(invites, 'open invite')} ended, because somebody may have used it since: make new ones.`,
    'Sessions are made anew with every peer by themselves. Once this node has run, peers take this machine for the agent, and the old one falls silent.',
  ].filter((fact) => fact !== '');
}

function bullet(text: string, paint: Paint): readonly string[] {
  const [first = '', ...rest] = wrap(text, paint.width - 2);
  return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
}
