/** `low` is told and nothing else; from `medium` on a policy may hold a message or refuse it. */
export type Severity = 'low' | 'medium' | 'high';

export type FindingKind = 'injection' | 'secret';

/** What the guard saw in a message. Holds no text of it, so that it may be logged, shown and told to a model. */
export interface Finding {
  readonly rule: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** `subject`, `body`, `metadata`, `name 1` of an attachment, `attachment 1` for its text. */
  readonly where: string;
  /** Place in that text, in UTF-16 units; of what was encoded, the place of its code. */
  readonly at: number;
  readonly length: number;
  /** What the rule stands for, in words of this program. */
  readonly says: string;
}

/** The parts of a message that are text. */
export interface GuardedText {
  readonly where: string;
  readonly text: string;
}

/** One line of what was seen, without anything of the text. */
export const seenIn = (findings: readonly Finding[]): string =>
  findings
    .map(({ rule, where, says }) => (says.includes(rule) ? `${where} ${says}` : `${where} ${says} (${rule})`))
    .join('; ');

export const isSerious = ({ severity }: Finding): boolean => severity !== 'low';
