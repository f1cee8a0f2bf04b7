import { describe, expect, it } from 'vitest';
import { messageTo, party } from '../../test/support/trust-fixtures.ts';
import { encodeMessage, type Message } from '#protocol';
import { RecentMessages } from './recent-messages.ts';

const messageSaying = (body: string): Message => ({
  ...messageTo(party(2).agentId, party(1).agentId),
  payload: { body },
});

const rowOf = (message: Message) => ({ id: message.id, body: encodeMessage(message) });

describe('recent messages', () => {
  it('are given as they were read, once', () => {
    const recent = new RecentMessages();
    const message = messageSaying('once');
    recent.keep(message, encodeMessage(message));
    expect(recent.take(rowOf(message))).toBe(message);
    const again = recent.take(rowOf(message));
    expect(again).not.toBe(message);
    expect(again).toEqual(message);
  });

  it('are read from what is stored when they were not kept', () => {
    const message = messageSaying('stored');
    expect(new RecentMessages().take(rowOf(message))).toEqual(message);
  });

  it('are never mistaken for one that has the same id and says something else', () => {
    const recent = new RecentMessages();
    const stored = messageSaying('what is stored');
    const other = { ...stored, payload: { body: 'what came later' } };
    recent.keep(other, encodeMessage(other));
    expect(recent.take(rowOf(stored))).toEqual(stored);
  });

  it.each([
    ['number', { maxRecentMessages: 2, maxRecentMessageBytes: 100_000 }],
    ['size', { maxRecentMessages: 100, maxRecentMessageBytes: 2 * encodeMessage(messageSaying('0')).length }],
  ])('are bounded by their %s, and the oldest go', (_, limits) => {
    const recent = new RecentMessages(limits);
    const messages = ['0', '1', '2'].map((text, n) => ({
      ...messageSaying(text),
      id: `msg_01900000-0000-7000-8000-00000000000${n}` as const,
    }));
    for (const message of messages) recent.keep(message, encodeMessage(message));
    const kept = messages.map((message) => recent.take({ id: message.id, body: encodeMessage(message) }) === message);
    expect(kept).toEqual([false, true, true]);
  });
});
