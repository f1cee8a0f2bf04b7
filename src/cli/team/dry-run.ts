import { createIds, type MeshError, systemRandom, toMeshError } from '#kernel';
import { framed, imAddress, type Question, type Teammate, type Way } from '#team';
import type { Call } from '../call.ts';
import type { Paint } from '../paint.ts';
import { fields } from '../table.ts';
import { visible, visibleBlock } from '../terminal-text.ts';
import { nameOf, nameView, problemView } from '../views/team-lines.ts';
import type { SpeakingTeam } from './open-team.ts';

/** What would go to one teammate; nothing was connected to find out. */
export interface Intent {
  readonly teammate: Teammate;
  readonly ways: readonly Way[];
  /** Of the gateway, as far as there is one. */
  readonly url?: string;
  /** What stands against it already. */
  readonly problem?: MeshError;
  /** Whom the IM program would tell if nothing leads there. */
  readonly told?: string;
}

export function intentFor({ team, settings }: SpeakingTeam, teammate: Teammate, text: string): Intent {
  const ways = team.waysTo(teammate);
  const told = settings.imFallback === undefined ? {} : { told: imAddress(teammate, settings) };
  try {
    if (!ways.includes('mesh')) team.guard.assertMayLeave(text);
    return { teammate, ways, ...(ways.includes('gateway') ? { url: team.gatewayOf(teammate).url } : {}), ...told };
  } catch (error) {
    // The mesh may lead there all the same.
    const problem = ways.includes('mesh') ? {} : { problem: toMeshError(error) };
    return { teammate, ways: ways.includes('mesh') ? ['mesh'] : ways, ...problem, ...told };
  }
}

export const intentView = ({ teammate, ways, url, problem, told }: Intent) => ({
  ...nameView(teammate),
  ways,
  ...(url === undefined ? {} : { url }),
  ...(teammate.mesh === undefined ? {} : { mesh: teammate.mesh }),
  ...(told === undefined ? {} : { toldIfUnreachable: told }),
  ...(problem === undefined ? {} : { problem: problemView(problem) }),
});

/** `the mesh, else the gateway ws://10.0.0.11:18789` */
export function waysWords({ teammate, ways, url, problem }: Intent): string {
  if (problem !== undefined) return `none: ${visible(problem.message)}`;
  const words = { mesh: `the mesh, ${visible(teammate.mesh ?? '')}`, gateway: `the gateway ${visible(url ?? '')}` };
  return ways.map((way) => words[way]).join(', else ');
}

/** What would arrive: over a gateway in a frame, over the mesh as it stands, because there the sender is proved. */
export interface Texts {
  readonly mesh?: string;
  readonly gateway?: string;
}

export function textsFor({ ports }: Call, { self }: SpeakingTeam, { intents, question }: Preview): Texts {
  const { text } = question;
  const run = createIds(ports.clock, systemRandom).next('msg');
  const open = intents.filter(({ problem }) => problem === undefined);
  const goesOver = (way: Way): boolean => open.some(({ ways }) => ways.includes(way));
  return {
    ...(goesOver('mesh') ? { mesh: text } : {}),
    ...(goesOver('gateway') ? { gateway: framed({ from: self, text, run }) } : {}),
  };
}

export interface Preview {
  readonly intents: readonly Intent[];
  readonly question: Question;
}

export function textLines({ mesh, gateway }: Texts): readonly string[] {
  return [
    ...(mesh === undefined ? [] : ['', 'Over the mesh:', ...indented(mesh)]),
    ...(gateway === undefined ? [] : ['', 'Over a gateway:', ...indented(gateway)]),
  ];
}

export function intentLines(
  intent: Intent,
  more: readonly (readonly [string, string])[],
  paint: Paint,
): readonly string[] {
  return fields(
    [
      ['to', paint.colour('bold', nameOf(intent.teammate))],
      ['over', waysWords(intent)],
      ['if unreachable', intent.told === undefined ? undefined : `tell ${visible(intent.told)}`],
      ...more,
    ],
    paint,
  );
}

export const indented = (text: string): readonly string[] =>
  visibleBlock(text)
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
