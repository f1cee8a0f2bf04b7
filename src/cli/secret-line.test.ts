import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readSecretLine } from './secret-line.ts';

class Terminal extends PassThrough {
  readonly modes: boolean[] = [];

  setRawMode(mode: boolean): void {
    this.modes.push(mode);
  }
}

function asking(signal = new AbortController().signal) {
  const terminal = new Terminal();
  const interrupts: number[] = [];
  const answer = readSecretLine(terminal, { signal, interrupt: () => void interrupts.push(1) });
  return { terminal, answer, interrupts };
}

describe('a line that is typed unseen', () => {
  it('ends with Enter, and the terminal is as before', async () => {
    const { terminal, answer } = asking();
    terminal.write('correct ');
    terminal.write('horse\rnot this');
    expect(await answer).toBe('correct horse');
    expect(terminal.modes).toEqual([true, false]);
  });

  it('can be corrected, character by character or as a whole', async () => {
    const { terminal, answer } = asking();
    terminal.write('abc\u0015Zü\u007f\u007f\u007fright\u0001!\n');
    expect(await answer).toBe('right!');
  });

  it('is what there is when the input ends', async () => {
    const { terminal, answer } = asking();
    terminal.end('half');
    expect(await answer).toBe('half');
  });

  it('passes Ctrl-C on, and gives up when somebody says so', async () => {
    const abort = new AbortController();
    const { terminal, answer, interrupts } = asking(abort.signal);
    terminal.write('abc\u0003');
    await new Promise((resolve) => setImmediate(resolve));
    expect(interrupts).toEqual([1]);
    abort.abort(new Error('Ended by SIGINT'));
    await expect(answer).rejects.toThrow('Ended by SIGINT');
    expect(terminal.modes).toEqual([true, false]);
  });
});
