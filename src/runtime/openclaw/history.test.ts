import { describe, expect, it } from 'vitest';
import { replyInHistory } from './history.ts';

const asked = (key: string) => ({ role: 'user', content: 'hello', idempotencyKey: `${key}:user` });
const said = (text: string) => ({ role: 'assistant', content: [{ type: 'text', text }] });

describe('what became of a turn, in the rows of its session', () => {
  it('is nothing when it never reached the session', () => {
    expect(replyInHistory([asked('msg_a'), said('one')], 'msg_b')).toEqual({ found: false });
    expect(replyInHistory([], 'msg_b')).toEqual({ found: false });
  });

  it('is the first reply behind its message, whatever form the gateway gives it', () => {
    const rows = [asked('msg_a'), said('one'), asked('msg_b'), { role: 'assistant', content: 'two' }, said('three')];
    expect(replyInHistory(rows, 'msg_a')).toEqual({ found: true, text: 'one' });
    expect(replyInHistory(rows, 'msg_b')).toEqual({ found: true, text: 'two' });
  });

  it('is still to come while there is none, and never the reply to the next message of a peer', () => {
    expect(replyInHistory([asked('msg_a')], 'msg_a')).toEqual({ found: true });
    expect(replyInHistory([asked('msg_a'), said(''), asked('msg_b'), said('two')], 'msg_a')).toEqual({ found: true });
  });

  it('is what the gateway says when it goes on after its restart', () => {
    const system = {
      role: 'user',
      content: '[System] Your previous turn was interrupted',
      idempotencyKey: 'f1e2:user',
    };
    expect(replyInHistory([asked('msg_a'), system, said('after all')], 'msg_a')).toEqual({
      found: true,
      text: 'after all',
    });
  });

  it('is not what a model says before it calls a tool', () => {
    const calling = { ...said('I will look that up.'), stopReason: 'toolUse' };
    expect(replyInHistory([asked('msg_a'), calling], 'msg_a')).toEqual({ found: true });
    expect(replyInHistory([asked('msg_a'), calling, { role: 'toolResult' }, said('42')], 'msg_a')).toEqual({
      found: true,
      text: '42',
    });
  });

  it('is a failure when the model failed, until a further turn of the message is there', () => {
    const broken = { ...said('half a'), stopReason: 'error' };
    expect(replyInHistory([asked('msg_a'), broken], 'msg_a')).toEqual({ found: true, failed: true });
    expect(replyInHistory([asked('msg_a'), broken, asked('msg_a#2')], 'msg_a')).toEqual({ found: true });
    expect(replyInHistory([asked('msg_a'), broken, asked('msg_a#2'), said('whole')], 'msg_a')).toEqual({
      found: true,
      text: 'whole',
    });
  });
});
