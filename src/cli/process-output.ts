import type { WriteStream } from 'node:tty';
import type { Output } from './ports.ts';

/** stdout or stderr of this process. */
export function processOutput(stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'columns' | 'isTTY'>>): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    get isTerminal() {
      return stream.isTTY === true;
    },
    get columns() {
      // Some terminals do not tell their size and say 0.
      return stream.columns === undefined || stream.columns <= 0 ? 80 : stream.columns;
    },
  };
}
