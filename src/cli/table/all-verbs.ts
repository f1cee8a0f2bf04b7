import { contactVerbs } from './contact-verbs.ts';
import { hubVerbs } from './hub-verbs.ts';
import { messageVerbs } from './message-verbs.ts';
import { nodeVerbs } from './node-verbs.ts';
import { openclawVerbs } from './openclaw-verbs.ts';
import { startVerbs } from './start-verbs.ts';
import { teamVerbs } from './team-verbs.ts';
import type { VerbSpec } from './verb-spec.ts';

/** Every verb in the order of `mesh --help`. */
export const allVerbs: readonly VerbSpec[] = [
  ...startVerbs,
  ...contactVerbs,
  ...hubVerbs,
  ...messageVerbs,
  ...teamVerbs,
  ...nodeVerbs,
  ...openclawVerbs,
];
