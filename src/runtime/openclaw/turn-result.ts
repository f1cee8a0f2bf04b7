import { type Fields, fieldsOf, listOf, textOf } from './gateway-frames.ts';

/** What an agent replied, in the result of the method `agent`. */
export function replyInResult(result: Fields): string {
  const payloads = listOf(fieldsOf(result['result'])['payloads']);
  const texts = payloads.map(({ text }) => textOf(text) ?? '').filter((text) => text !== '');
  return texts.join('\n');
}

/** Why a turn ended without a reply, as its gateway says; empty when it does not. */
export const faultInResult = ({ error, summary }: Fields): string =>
  textOf(fieldsOf(error)['message']) ?? textOf(error) ?? textOf(summary) ?? '';
