import { styleText } from 'node:util';
import type { Moment } from './times.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** What views draw with: colours that are nothing when not on a terminal, the columns there are, and the time. */
export interface Paint extends Moment {
  readonly width: number;
  colour(colour: Colour, text: string): string;
}

export interface PaintOptions extends Moment {
  readonly colours: boolean;
  readonly width: number;
}

export function createPaint({ colours, width, now, offsetMinutes }: PaintOptions): Paint {
  return {
    width,
    now,
    offsetMinutes,
    colour: (colour, text) => (colours && text !== '' ? styleText(colour, text, { validateStream: false }) : text),
  };
}
