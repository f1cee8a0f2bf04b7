import type { FileView } from '#api';
import type { Colour, Paint } from '../paint.ts';
import { shortIds } from '../short-id.ts';
import { table } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { relative } from '../times.ts';
import { progressOf, size } from './words.ts';

type Progress = Pick<FileView, 'state' | 'have' | 'size' | 'reason' | 'kept'>;

/** How far a file is, in a few words: `312 of 1024 MB`, `waits STORE_FULL`, `stored at team`, `complete`. */
export function fileWord({ state, have, size: bytes, reason, kept }: Progress): string {
  const why = reason === undefined ? '' : ` ${visible(reason)}`;
  if (state === 'moving') return `${progressOf(have, bytes)}${why}`;
  if (state === 'waiting' && kept !== undefined) {
    const place = `at ${visible(kept.by)}`;
    return kept.have === bytes ? `stored ${place}` : `${progressOf(kept.have, bytes)} ${place}${why}`;
  }
  if (state === 'waiting') return `waits${why}`;
  return `${state}${why}`;
}

const colours: Readonly<Record<FileView['state'], Colour>> = {
  waiting: 'yellow',
  moving: 'yellow',
  complete: 'green',
  failed: 'red',
  removed: 'dim',
};

/** One line a file, newest last. */
export function filesTable(files: readonly FileView[], paint: Paint): readonly string[] {
  const short = shortIds(files.map(({ id }) => id));
  return table(
    [
      { title: 'MESSAGE', cell: ({ id }) => short(id), paint: (text) => paint.colour('dim', text) },
      { title: '', cell: ({ direction }) => (direction === 'in' ? 'from' : 'to') },
      { title: 'PEER', cell: ({ peer }) => visible(peer), shrinkTo: 8 },
      { title: 'SIZE', cell: (file) => size(file.size), align: 'end' },
      {
        title: 'STATE',
        cell: (file: FileView) => fileWord(file),
        paint: (text, { state }) => paint.colour(colours[state], text),
      },
      { title: 'SINCE', cell: ({ createdAt }) => relative(createdAt, paint) },
      { title: 'FILE', cell: ({ name }) => visible(name), shrinkTo: 8 },
    ],
    files,
    paint,
  );
}
