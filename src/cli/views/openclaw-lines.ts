import type { OpenclawRemoval, OpenclawSetup, RoundTrip } from '#node';
import type { Paint } from '../paint.ts';
import { fields } from '../table.ts';
import { wrap } from '../text-width.ts';
import { visible, visibleBlock } from '../terminal-text.ts';

/** Which gateway it is, and what will be written. */
export function setupLines({ agent, gateway, writes }: OpenclawSetup['view'], paint: Paint): readonly string[] {
  const version = gateway.version === undefined ? '' : `, OpenClaw ${visible(gateway.version)}`;
  return [
    ...fields(
      [
        ['gateway', `${visible(gateway.url)}${version}`],
        ['set up in', visible(gateway.config)],
        ['agent', `${visible(gateway.agent)} of the gateway answers for ${visible(agent)}`],
      ],
      paint,
    ),
    ...writes.flatMap(({ path, lines }) => ['', `${visible(path)}:`, ...lines.map((line) => `  + ${visible(line)}`)]),
  ];
}

/** What the agent of the gateway said. */
export function turnLines({ ms, answer }: RoundTrip, who: string, paint: Paint): readonly string[] {
  const seconds = `${(ms / 1000).toFixed(1)} s`;
  if (answer === undefined) {
    return [
      paint.colour('green', `It works: ${visible(who)} had a turn, in ${seconds}.`),
      ...wrap(
        'Hooks give no answer back. Without the token of the gateway messages are handed over, and your agent answers with: mesh reply ID TEXT',
        paint.width,
      ),
    ];
  }
  const said = visibleBlock(answer.slice(0, 400)).split('\n').slice(0, 6);
  return [
    paint.colour('green', `It works: ${visible(who)} answered a question in ${seconds}.`),
    ...said.map((line) => `  │ ${line}`),
  ];
}

const outcomes = {
  deleted: 'deleted, as there was none',
  restored: 'as it was before',
  cleared: 'without what setup wrote',
  left: 'left as it is',
} as const;

/** What becomes of each file. */
export function removalLines({ files }: OpenclawRemoval['view']): readonly string[] {
  return files.flatMap(({ path, outcome, kept }) => [
    `${visible(path)}: ${outcomes[outcome]}`,
    ...(kept.length === 0 ? [] : [`  kept: ${visible(kept.join(', '))}`]),
  ]);
}
