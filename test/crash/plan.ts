import type { Meeting, Step } from './contact-round.ts';
import { Dice } from './dice.ts';
import { sideNames } from './pair.ts';
import { type Point, stages, trafficPoints } from './points.ts';
import type { Episode } from './round.ts';
import type { Form, SideName } from './side.ts';
import type { Trouble } from './troubled-wire.ts';

interface Planned {
  readonly number: number;
  readonly seed: string;
  readonly forms: Readonly<Record<SideName, Form>>;
}

export type PlannedRound = Planned &
  (
    | { readonly kind: 'traffic' | 'small-disk'; readonly episodes: readonly Episode[] }
    | { readonly kind: 'contact'; readonly meeting: Meeting; readonly steps: readonly Step[] }
  );

export interface PlanOptions {
  /** At least so many, as far as everything goes as planned. */
  readonly kills: number;
  readonly seed: string;
}

type Content =
  | { readonly kind: 'traffic' | 'small-disk'; readonly forms: Planned['forms']; readonly episodes: readonly Episode[] }
  | {
      readonly kind: 'contact';
      readonly forms: Planned['forms'];
      readonly meeting: Meeting;
      readonly steps: readonly Step[];
    };

/** With so many kills every point is met, by one side alone and by both together. */
export const killsForAll = 280;
const episodesPerRound = 12;

const formPairs: readonly Planned['forms'][] = [
  { alice: 'armed-agent', bob: 'armed-agent' },
  { alice: 'armed-daemon', bob: 'armed-agent' },
  { alice: 'armed-agent', bob: 'armed-daemon' },
  { alice: 'armed-daemon', bob: 'armed-daemon' },
];

/** The rounds of a run; the same ones for the same seed. */
export function planRounds({ kills, seed }: PlanOptions): readonly PlannedRound[] {
  const dice = new Dice(seed);
  const contents = kills >= killsForAll ? everything(dice, kills) : some(dice, kills);
  return contents.map((content, index) => ({ ...content, number: index + 1, seed: `${seed}/${index + 1}` }));
}

/** For points that were not reached: once more, each in a round of its own kind. */
export function planAgain(points: readonly Point[], { seed, after }: { seed: string; after: number }): PlannedRound[] {
  const dice = new Dice(`${seed}/again`);
  const episodes = points.map((point) => pointEpisode(dice, { point, both: false }));
  const [forms] = formPairs;
  if (episodes.length === 0 || forms === undefined) return [];
  return [{ kind: 'traffic', number: after + 1, seed: `${seed}/${after + 1}`, forms, episodes }];
}

function everything(dice: Dice, kills: number): readonly Content[] {
  const alone = trafficPoints.map((point) => pointEpisode(dice, { point, both: false }));
  const together = trafficPoints.map((point) => pointEpisode(dice, { point, both: true }));
  const contacts = [contactContent('invite'), contactContent('request')];
  const planned = [...alone, ...together].reduce((sum, episode) => sum + killsOf(episode), 0);
  const randoms = Math.max(24, kills - planned - contacts.length * 15);
  const plain = Array.from({ length: 16 }, () => randomEpisode(dice));
  const rest = Array.from({ length: randoms - 16 }, () => randomEpisode(dice));
  const all = dice.shuffled([...alone, ...together, ...rest, ...troubles(dice)]);
  return dice.shuffled([
    ...chunks(all, episodesPerRound).map(trafficContent),
    { kind: 'traffic' as const, forms: { alice: 'agent', bob: 'daemon' }, episodes: plain.slice(0, 8) },
    { kind: 'traffic' as const, forms: { alice: 'daemon', bob: 'agent' }, episodes: plain.slice(8) },
    diskContent(),
    ...contacts,
  ] satisfies readonly Content[]);
}

/** A few of everything. */
function some(dice: Dice, kills: number): readonly Content[] {
  const points = dice.shuffled(trafficPoints.filter(({ needs }) => needs === undefined));
  const episodes: Episode[] = [];
  for (let planned = 0, next = 0; planned < kills; next += 1) {
    const point = points[next % points.length];
    const isPoint = next % 3 !== 2 && point !== undefined;
    const episode = isPoint ? pointEpisode(dice, { point, both: next % 6 === 3 }) : randomEpisode(dice);
    episodes.push(episode);
    planned += killsOf(episode);
  }
  return chunks([...episodes, dice.pick(troubles(dice))], episodesPerRound).map(trafficContent);
}

const trafficContent = (episodes: readonly Episode[], index: number): Content => ({
  kind: 'traffic',
  forms: formPairs[index % formPairs.length] ?? { alice: 'armed-agent', bob: 'armed-agent' },
  episodes,
});

function pointEpisode(dice: Dice, { point, both }: { readonly point: Point; readonly both: boolean }): Episode {
  return {
    kind: 'point',
    side: dice.pick(sideNames),
    point: point.name,
    both,
    skip: dice.between(0, 3),
    // What is committed and not synced is the first thing that the power takes.
    powerCut: point.name.endsWith('.before-sync') ? dice.chance(0.7) : dice.chance(0.2),
  };
}

const randomEpisode = (dice: Dice): Episode => ({
  kind: 'random',
  who: dice.pick(['alice', 'bob', 'both'] as const),
  afterMs: dice.between(0, 600),
  early: dice.chance(0.25),
});

const wireTroubles: readonly Trouble[] = [
  { kind: 'cut' },
  { kind: 'silent', way: 'both' },
  { kind: 'silent', way: 'there' },
  { kind: 'silent', way: 'back' },
  { kind: 'slow', latencyMs: 120, bytesPerSecond: 120_000 },
  { kind: 'breaking' },
  { kind: 'half-open' },
];

/** Longer than every timeout of the processes. */
const stillMs = 2500;

function troubles(dice: Dice): readonly Episode[] {
  const pauses = sideNames.map((side): Episode => ({ kind: 'pause', side, ms: stillMs }));
  const calm = wireTroubles.map((trouble): Episode => ({ kind: 'trouble', trouble, ms: stillMs }));
  const deadly = wireTroubles.map((trouble): Episode => ({
    kind: 'trouble',
    trouble,
    ms: stillMs,
    kill: dice.pick(sideNames),
  }));
  return [...pauses, ...calm, ...deadly];
}

const diskContent = (): Content => ({
  kind: 'small-disk',
  forms: { alice: 'armed-agent', bob: 'armed-agent' },
  episodes: [
    ...sideNames.map((side): Episode => ({ kind: 'full', side, ms: 1500, kill: false })),
    ...sideNames.map((side): Episode => ({ kind: 'full', side, ms: 800, kill: true })),
  ],
});

const steps = (side: SideName, moment: string): readonly Step[] =>
  stages.map((stage) => ({ side, point: `${moment}.${stage}` }));

function contactContent(meeting: Meeting): Content {
  const begin =
    meeting === 'invite'
      ? [...steps('alice', 'invite'), ...steps('bob', 'ask'), ...steps('bob', 'request'), ...steps('alice', 'redeem')]
      : [...steps('alice', 'asked'), ...steps('alice', 'approve')];
  const end = [...steps('alice', 'acceptance'), ...steps('bob', 'accepted'), ...steps('alice', 'settle')];
  const forms =
    meeting === 'invite'
      ? ({ alice: 'armed-agent', bob: 'armed-daemon' } as const)
      : ({ alice: 'armed-daemon', bob: 'armed-agent' } as const);
  return { kind: 'contact', forms, meeting, steps: [...begin, ...end] };
}

/** How many processes it ends when it goes as planned. */
function killsOf(episode: Episode): number {
  if (episode.kind === 'point') return episode.both ? 2 : 1;
  if (episode.kind === 'random') return episode.who === 'both' ? 2 : 1;
  return 0;
}

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}
