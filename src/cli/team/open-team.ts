import { homedir } from 'node:os';
import { createIds, MeshError, systemRandom } from '#kernel';
import {
  checkProgram,
  deviceKeyIn,
  type DeliverOptions,
  type Identity,
  type ImOptions,
  readRegistry,
  type Recognition,
  recognize,
  type Registry,
  requireIdentity,
  sizeOf,
  Team,
  teamSettings,
  type TeamSettings,
  type Teammate,
  Tokens,
} from '#team';
import type { Call } from '../call.ts';
import { causeOf } from '../compose-input.ts';
import { findRunningNode } from '../running-node.ts';
import { assertNotPaused } from './assert-not-paused.ts';

/** What the environment says about the team, for one call. Throws INVALID_CONFIG. */
export const settingsOfTeam = ({ ports: { environment } }: Call): TeamSettings =>
  teamSettings({ environment, home: homeOf(environment), cwd: process.cwd() });

export interface OpenTeam {
  readonly settings: TeamSettings;
  readonly registry: Registry;
  readonly tokens: Tokens;
  readonly recognition: Recognition;
  readonly team: Team;
}

/** Registry, tokens and who works here, as far as it is known. Throws TEAM_FILE_MISSING, TEAM_FILE_INVALID, KEY_FILE_PERMISSIONS. */
export async function openTeam(call: Call, settings = settingsOfTeam(call)): Promise<OpenTeam> {
  const registry = await readRegistry(settings.registryFiles);
  const tokens = await Tokens.read(settings.tokensFile);
  const recognition = await recognize(settings);
  const { clock } = call.ports;
  const team = new Team({
    settings,
    registry,
    tokens,
    clock,
    self: recognition.identity,
    device: deviceKeyIn(settings.deviceFile, systemRandom),
    mesh: meshOf(call, registry),
    ids: createIds(clock, systemRandom),
  });
  return { settings, registry, tokens, recognition, team };
}

export interface SpeakingTeam extends OpenTeam {
  readonly self: Identity;
}

/** The same for what is said in somebody's name. Throws TEAM_IDENTITY_UNKNOWN and PAUSED too. */
export async function openTeamToSpeak(call: Call): Promise<SpeakingTeam> {
  const settings = settingsOfTeam(call);
  const self = await requireIdentity(settings);
  if (settings.imFallback !== undefined) checkProgram(settings.imFallback);
  if (!call.args.flag('dryRun')) await assertNotPaused(call);
  return { ...(await openTeam(call, settings)), self };
}

/** Throws INVALID_ARGUMENT when it is missing, or is who works here; NOT_FOUND, AMBIGUOUS. */
export function addresseeOf({ args }: Call, { team }: OpenTeam): Teammate {
  const teammate = team.find(required(args.text('to'), '--to'));
  if (!team.isSelf(teammate)) return teammate;
  throw new MeshError('INVALID_ARGUMENT', `${teammate.name} (${teammate.emailPrefix}) is you`, {
    hint: 'Name a teammate. Everybody: mesh team list. If this is not you, see what says so: mesh team whoami',
  });
}

export function required(value: string | undefined, flag: string): string {
  if (value !== undefined && value.trim() !== '') return value;
  throw new MeshError('INVALID_ARGUMENT', `${flag} is missing or empty`);
}

/** What `--message` holds, or stdin for `-`. */
export async function messageOf({ args, ports }: Call): Promise<string> {
  const given = required(args.text('message'), '--message');
  return given === '-' ? (await ports.stdin.text()).replace(/\r?\n$/, '') : given;
}

/** Its size, and what whoever sends it should know of it. Throws MESSAGE_TOO_LARGE. */
export function lookedThrough(text: string, { settings, team }: OpenTeam) {
  const { bytes, warning } = sizeOf(text, settings.limits);
  return { bytes, warnings: [warning, team.guard.warning(text)].filter((one) => one !== undefined) };
}

const longestSeconds = 86_400;

/** Seconds, as the number alone or with a unit. */
export function timeoutMsOf({ args }: Call): number {
  const text = args.text('timeout')?.trim();
  if (text === undefined) return 60_000;
  if (!/^\d+$/.test(text)) return args.durationMs('timeout') ?? 60_000;
  return (args.number('timeout', [1, longestSeconds]) ?? 60) * 1000;
}

/** How messages are delivered: over which ways, and whom the IM program tells. */
export function deliveryOf(call: Call, { settings, tokens, self, team }: SpeakingTeam): DeliverOptions {
  return { team, signal: call.signal, im: imOf(call, { settings, tokens, self }) };
}

function imOf(
  { ports }: Call,
  { settings, tokens, self }: Pick<SpeakingTeam, 'settings' | 'tokens' | 'self'>,
): ImOptions | undefined {
  const { imFallback, emailDomain } = settings;
  if (imFallback === undefined) return undefined;
  const { environment, clock } = ports;
  return {
    program: imFallback,
    emailDomain,
    from: self.email,
    environment,
    clock,
    redact: (text) => tokens.redact(text),
  };
}

/** The running node, when somebody in the registry is reached over it. */
function meshOf(call: Call, { teammates }: Registry) {
  const { client, settings } = call;
  if (teammates.every(({ mesh }) => mesh === undefined)) return undefined;
  if (findRunningNode(settings.stateDir) === undefined) return undefined;
  return { client, agent: settings.agent, cause: causeOf(call) };
}

function homeOf(environment: Readonly<Record<string, string | undefined>>): string {
  const home = environment['HOME'];
  return home === undefined || home === '' ? homedir() : home;
}
