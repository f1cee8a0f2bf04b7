import type { Finding } from '../node-door.ts';
import type { Colour, Paint } from '../paint.ts';
import { visible } from '../terminal-text.ts';
import { wrap } from '../text-width.ts';
import { count } from './words.ts';

const colours: Readonly<Record<Finding['severity'], Colour>> = { error: 'red', warning: 'yellow', note: 'dim' };

/** Each finding with what it means and what to do, the worst first; at the end how much is wrong. */
export function doctorLines(findings: readonly Finding[], paint: Paint): readonly string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  const verdict =
    errors + warnings === 0
      ? paint.colour('green', 'Nothing is wrong.')
      : `${count(errors, 'error')}, ${count(warnings, 'warning')}.`;
  return [...findings.flatMap((finding) => findingLines(finding, paint)), verdict];
}

function findingLines({ check, severity, message, meaning, fix }: Finding, paint: Paint): readonly string[] {
  const title = `${severity}[${check}]:`;
  const [first = '', ...rest] = wrap(`${title} ${visible(message)}`, paint.width);
  const indented = (text: string): readonly string[] => wrap(visible(text), paint.width - 2).map((line) => `  ${line}`);
  return [
    paint.colour(colours[severity], title) + first.slice(title.length),
    ...rest.map((line) => `  ${line}`),
    ...indented(meaning),
    // Not broken into lines: it is there to be copied.
    `  ${paint.colour('cyan', '→')} ${visible(fix)}`,
    '',
  ];
}
