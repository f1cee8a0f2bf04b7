import type { FrameId, LinkOperationOf } from '#protocol';
import type { FrameOutcome } from './link.ts';

type AnswerOperation = LinkOperationOf<'delivered' | 'stored' | 'refused'>;

/** What the far end is told of a frame (spec 6). */
export function answerTo(frameId: FrameId, outcome: FrameOutcome): AnswerOperation {
  if (outcome.kind === 'refused') return { op: 'refused', frameId, code: outcome.code };
  if (outcome.kind === 'stored') return { op: 'stored', frameId, receipt: outcome.receipt };
  return { op: 'delivered', frameId };
}

/** What the far end says about a frame. */
export function outcomeOf(answer: AnswerOperation): FrameOutcome {
  if (answer.op === 'refused') return { kind: 'refused', code: answer.code };
  if (answer.op === 'stored') return { kind: 'stored', receipt: answer.receipt };
  return { kind: 'delivered' };
}
