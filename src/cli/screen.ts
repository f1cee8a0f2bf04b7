import type { CliPorts, Output } from './ports.ts';
import { createPaint, type Paint } from './paint.ts';
import { pasteable, type Settings } from './settings.ts';
import { jsonText } from './terminal-text.ts';

// Erases the line of a terminal.
const eraseLine = '\r\u001b[2K';

/** Where a verb says something before its end: lines as they come, notes and progress beside the output. */
export class Screen {
  readonly #ports: Pick<CliPorts, 'stdout' | 'stderr' | 'clock' | 'offsetMinutes'>;
  readonly #settings: Settings;
  #progress = false;

  constructor(ports: Pick<CliPorts, 'stdout' | 'stderr' | 'clock' | 'offsetMinutes'>, settings: Settings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Colours only where the stream is a terminal and nobody said otherwise. */
  paint(output: Output = this.#ports.stdout): Paint {
    return createPaint({
      colours: this.#settings.colours && output.isTerminal,
      width: Math.max(40, output.columns),
      now: this.#ports.clock.now(),
      offsetMinutes: (at) => this.#ports.offsetMinutes(at),
    });
  }

  lines(lines: readonly string[]): void {
    this.progress('');
    if (lines.length > 0) this.#ports.stdout.write(`${lines.join('\n')}\n`);
  }

  /** One document; `compact` is one line, for streams of many. */
  json(value: unknown, form: 'document' | 'line' = 'document'): void {
    this.#ports.stdout.write(`${jsonText(value, form === 'line' ? undefined : 2)}\n`);
  }

  /** Beside the output, for people: nothing with --json. */
  note(text: string): void {
    if (this.#settings.json) return;
    this.progress('');
    this.#ports.stderr.write(`${this.paint(this.#ports.stderr).colour('dim', pasteable(text, this.#settings))}\n`);
  }

  /** Replaces the line at the bottom of a terminal; an empty text removes it. Nothing elsewhere. */
  progress(text: string): void {
    if (this.#settings.json || !this.#ports.stderr.isTerminal || (text === '' && !this.#progress)) return;
    this.#ports.stderr.write(eraseLine + text);
    this.#progress = text !== '';
  }
}
