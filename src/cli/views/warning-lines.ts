import type { Paint } from '../paint.ts';
import { pasteable, type Settings } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { wrap } from '../text-width.ts';
import type { Status } from './types.ts';

type Warning = Status['warnings'][number];

/** What a person should know, and below it what to do. */
export function warningLines({ code, message, hint }: Warning, paint: Paint): readonly string[] {
  const inner = paint.width - 2;
  const title = `warning[${code}]:`;
  const [first = '', ...rest] = wrap(`${title} ${visible(message)}`, paint.width);
  return [
    paint.colour('yellow', title) + first.slice(title.length),
    ...[...rest, ...wrap(visible(hint), inner)].map((line) => `  ${line}`),
  ];
}

/** With the flags in use in its hint. */
export const pasteableWarning = (warning: Warning, settings: Settings): Warning => ({
  ...warning,
  hint: pasteable(warning.hint, settings),
});

/** Whether others on the local network find the node; why not is a warning. */
export function lanLine({ name, interface: address, problem }: NonNullable<Status['lan']>): string {
  if (name === undefined || problem !== undefined) return 'not announced: see below';
  return `announced as ${visible(name)}${address === undefined ? '' : `, in the network of ${visible(address)}`}`;
}
