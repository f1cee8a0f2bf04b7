import type { Paint } from './paint.ts';

/** What a verb has to say at its end: a value for programs, lines for people. */
export interface Outcome {
  /** The one JSON document of `--json`; undefined when documents were printed as they came. */
  readonly data: unknown;
  /** Safe lines: everything that others wrote went through `visible` or `visibleBlock`. */
  lines(paint: Paint): readonly string[];
  /** What to do now: sentences with `mesh …` commands, which get the flags in use. */
  readonly next?: readonly (string | Elsewhere | undefined)[];
  /** The passphrase file of the call was not that of the keys: commands in `next` go without it. */
  readonly isOtherPassphrase?: boolean;
  /** 0 when absent. */
  readonly exitCode?: number;
}

/** A sentence whose commands another person runs, on their machine. */
export interface Elsewhere {
  readonly elsewhere: string;
}
