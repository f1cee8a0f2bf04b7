import { visible } from '../terminal-text.ts';
import type { MessageView } from './types.ts';

type Findings = NonNullable<MessageView['guard']>;

/** What the guard saw: where and what, then the name of the rule. */
export const findingLines = (findings: Findings): readonly string[] =>
  findings.flatMap(({ where, says, rule, severity }) => [
    `${visible(where)} ${visible(says)}`,
    `  ${visible(rule)}, ${severity}`,
  ]);

/** Whose text a message may hold; undefined when its sender names nobody. */
export const sourceLines = (sources: MessageView['sources']): string | undefined =>
  sources
    ?.map(({ agent, name, message }) => `${visible(message)} of ${name === undefined ? visible(agent) : visible(name)}`)
    .join('\n');

export const seenLine = (findings: MessageView['guard']): string | undefined =>
  findings === undefined ? undefined : findingLines(findings).join('\n');
