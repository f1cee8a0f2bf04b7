/** What is looked at; one word for programs. */
export const checks = [
  'folder',
  'keys',
  'disk',
  'config',
  'runtime',
  'certificate',
  'database',
  'port',
  'node',
  'clock',
  'endpoint',
  'lan',
  'hub',
  'queue',
  'files',
  'version',
  'succession',
  'pause',
] as const;
export type Check = (typeof checks)[number];

/** `error`: something does not work. `warning`: it soon will not. `note`: good to know, nothing is wrong. */
export type Severity = 'error' | 'warning' | 'note';

/** Something that was found, for the owner of the node. Holds no secret and no text of a message. */
export interface Finding {
  readonly check: Check;
  readonly severity: Severity;
  /** What was found. */
  readonly message: string;
  /** What follows from it. */
  readonly meaning: string;
  /** What to do, with the command. */
  readonly fix: string;
}

const order: readonly Severity[] = ['error', 'warning', 'note'];

/** The worst first, then in the order in which things are looked at. */
export const inOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted(
    (a, b) =>
      order.indexOf(a.severity) - order.indexOf(b.severity) || checks.indexOf(a.check) - checks.indexOf(b.check),
  );
