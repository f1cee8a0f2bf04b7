import type { FrameId, LinkOperationOf } from '#protocol';
import type { FrameOutcome } from './link.ts';

type AnswerOperation = LinkOperationOf<'delivered' | 'stored' | 'refused'>;

/** What the far end is told of a frame (spec 6). */
export function answerTo(frameId: FrameId, outcome: FrameOutcome): AnswerOperation {
  if (outcome.kind === 'refused') return { op: 'refused', frameId, ...refusal(outcome) };
  if (outcome.kind === 'stored') return { op: 'stored', frameId, receipt: outcome.receipt };
  return { op: 'delivered', frameId, ...outcome.pause };
}

/** What the far end says about a frame. */
export function outcomeOf(answer: AnswerOperation): FrameOutcome {
  if (answer.op === 'refused') return { kind: 'refused', ...refusal(answer) };
  if (answer.op === 'stored') return { kind: 'stored', receipt: answer.receipt };
  const { code, retryAfterMs } = answer;
  return code === undefined || retryAfterMs === undefined
    ? { kind: 'delivered' }
    : { kind: 'delivered', pause: { code, retryAfterMs } };
}

type Refusal = Pick<Extract<FrameOutcome, { kind: 'refused' }>, 'code' | 'retryAfterMs'>;

const refusal = ({ code, retryAfterMs }: Refusal): Refusal =>
  retryAfterMs === undefined ? { code } : { code, retryAfterMs };
