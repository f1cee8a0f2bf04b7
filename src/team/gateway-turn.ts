import { MeshError } from '#kernel';
import { faultInResult, type Fields, replyInResult, textOf } from '#runtime';

/** No gateway sends frames of that size. */
const maxReplyCharacters = 16 * 1024 * 1024;

export interface TurnOf {
  /** Of the teammate, for errors. */
  readonly label: string;
  readonly run: string;
  /** Takes what is secret out of what the gateway says. */
  redact(text: string): string;
}

/** What came of a turn: its reply, or undefined while it still runs. Throws HANDLER_FAILED, GATEWAY_REFUSED. */
export function replyOf(result: Fields, { label, run, redact }: TurnOf): string | undefined {
  const told = textOf(result['runId']);
  if (told !== undefined && told !== run) {
    throw new MeshError('GATEWAY_REFUSED', `The gateway of ${label} answered about another run than ours`, {
      hint: 'Nothing was taken for the reply. Update openclaw on that gateway, or ask again.',
      data: { run },
    });
  }
  const status = textOf(result['status']);
  if (status === 'in_flight' || status === 'accepted') return undefined;
  if (status !== 'ok') throw turnFailed(result, { label, run, redact });
  return checkedReply(replyInResult(result), { label, run, redact });
}

export function checkedReply(text: string, { label, run, redact }: TurnOf): string {
  if (text.length <= maxReplyCharacters) return redact(text);
  throw new MeshError('HANDLER_FAILED', `The reply of ${label} has more than ${maxReplyCharacters} characters`, {
    hint: 'Ask for less, or for a file.',
    data: { run },
  });
}

export function turnFailed(result: Fields, { label, run, redact }: TurnOf): MeshError {
  const detail = redact(faultInResult(result)).slice(0, 2000);
  const status = redact(textOf(result['status']) ?? 'no status').slice(0, 40);
  const why = detail === '' ? '' : `: ${detail.slice(0, 300)}`;
  return new MeshError('HANDLER_FAILED', `The turn of ${label}'s agent ended with ${status}${why}`, {
    data: { run, detail },
    hint: 'The reason stands in the log of that gateway: openclaw logs. Ask its owner, then send again.',
  });
}
