import { existsSync, statSync } from 'node:fs';
import { type MeshError, toMeshError } from '#kernel';
import { type Identity, readRegistry, type Registry, requireIdentity, type TeamSettings, Tokens } from '#team';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { fields } from '../table.ts';
import { settingsOfTeam } from '../team/open-team.ts';
import { visible } from '../terminal-text.ts';
import { problemView } from '../views/team-lines.ts';
import { count } from '../views/words.ts';

interface Facts {
  readonly settings: TeamSettings;
  readonly self: Identity;
  readonly registry: Registry | MeshError;
  readonly tokens: Tokens | MeshError;
}

/** Who you are in the team and what said so; what is set up, and what is missing. Throws TEAM_IDENTITY_UNKNOWN. */
export async function teamWhoami(call: Call): Promise<Outcome> {
  const settings = settingsOfTeam(call);
  const self = await requireIdentity(settings);
  const registry = await readRegistry(settings.registryFiles).catch(toMeshError);
  const tokens = await Tokens.read(settings.tokensFile).catch(toMeshError);
  const facts = { settings, self, registry, tokens };
  const problems = [registry, tokens].filter((one) => one instanceof Error);
  return {
    data: { ...viewOf(facts), problems: problems.map(problemView) },
    lines: (paint) => linesOf(facts, paint),
    next: [...problems.map(({ hint }) => visible(hint)), ...nextOf(facts)],
    ...(problems.length === 0 ? {} : { exitCode: 1 }),
  };
}

const entryOf = ({ self, registry }: Facts) =>
  registry instanceof Error
    ? undefined
    : registry.teammates.find(({ emailPrefix }) => emailPrefix.toLowerCase() === self.prefix);

function viewOf(facts: Facts) {
  const { settings, self, registry, tokens } = facts;
  const { email, prefix, layer, source } = self;
  const entry = entryOf(facts);
  const { limits, emailDomain, imFallback, allowPlaintext } = settings;
  return {
    email,
    prefix,
    layer,
    source,
    listed: entry !== undefined,
    ...(entry === undefined ? {} : { name: entry.name }),
    ...(registry instanceof Error ? {} : { registry: { path: registry.path, teammates: registry.teammates.length } }),
    tokens: {
      path: settings.tokensFile,
      mode: modeOf(settings.tokensFile),
      ...(tokens instanceof Error ? {} : { count: tokens.size, own: tokens.of({ emailPrefix: prefix }) !== undefined }),
    },
    limits,
    emailDomain,
    imFallback: imFallback ?? 'none',
    allowPlaintext,
  };
}

function linesOf(facts: Facts, paint: Paint): readonly string[] {
  const { settings, self, registry, tokens } = facts;
  const entry = entryOf(facts);
  const { softBytes, hardBytes } = settings.limits;
  return fields(
    [
      ['you are', paint.colour('bold', visible(self.prefix))],
      ['email', visible(self.email)],
      ['says who', self.layer === 'MESH_MY_EMAIL' ? 'the variable MESH_MY_EMAIL' : visible(self.source)],
      ['registry', registry instanceof Error ? visible(registry.message) : registryWords(registry, entry?.name)],
      ['tokens', tokens instanceof Error ? visible(tokens.message) : tokenWords(tokens)],
      ['message', `warned over ${softBytes} bytes, blocked over ${hardBytes}`],
      ['ws://', settings.allowPlaintext ? 'to this machine and private addresses' : 'to this machine only'],
      [
        'told if unreachable',
        settings.imFallback === undefined
          ? 'nobody'
          : `NAME@${settings.emailDomain} by ${visible(settings.imFallback)}`,
      ],
    ],
    paint,
  );
}

function registryWords({ path, teammates }: Registry, own: string | undefined): string {
  const all = `${visible(path)}: ${count(teammates.length, 'teammate')}`;
  return own === undefined ? `${all}, and you are not among them` : `${all}, you are ${visible(own)}`;
}

const tokenWords = ({ path, size, exists }: Tokens): string =>
  exists
    ? `${visible(path)}, mode ${modeOf(path) ?? ''}: ${count(size, 'token')}`
    : `${visible(path)} is not there yet`;

function modeOf(path: string): string | undefined {
  return existsSync(path) ? (statSync(path).mode & 0o777).toString(8).padStart(4, '0') : undefined;
}

function nextOf(facts: Facts): readonly string[] {
  const { settings, self, registry, tokens } = facts;
  const unlisted = !(registry instanceof Error) && entryOf(facts) === undefined;
  const { tokensFile } = settings;
  const prefix = visible(self.prefix);
  return [
    ...(unlisted
      ? [`Add yourself to the registry, with "emailPrefix": "${prefix}": a broadcast leaves out only that entry.`]
      : []),
    ...(!(tokens instanceof Error) && !tokens.exists
      ? [
          `Write the tokens of teammates into ${visible(tokensFile)}: {"tokens": {"bob": "TOKEN"}}, then: chmod 600 ${visible(tokensFile)}`,
        ]
      : []),
    'Who is online: mesh team list',
  ];
}
