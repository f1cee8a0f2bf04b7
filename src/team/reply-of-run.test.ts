import { describe, expect, it } from 'vitest';
import { replyOfRun } from './reply-of-run.ts';

const asked = (key: string, content = 'hello') => ({ role: 'user', content, idempotencyKey: `${key}:user` });
const said = (text: string, runId?: string, more: object = {}) => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
  ...(runId === undefined ? {} : { __openclaw: { runId } }),
  ...more,
});

describe('the reply of a run, in a session that others use too', () => {
  it('is the one that names the run, wherever it stands', () => {
    const rows = [
      asked('msg_a'),
      asked('owner-1'),
      said('to the owner', 'owner-1'),
      said('to us', 'msg_a'),
      said('later', 'x'),
    ];
    expect(replyOfRun(rows, 'msg_a')).toMatchObject({ found: true, text: 'to us' });
  });

  it('is not there while only that of another is', () => {
    const rows = [asked('msg_a'), asked('owner-1'), said('to the owner', 'owner-1')];
    expect(replyOfRun(rows, 'msg_a')).toEqual({ found: true });
    expect(replyOfRun(rows, 'msg_b')).toEqual({ found: false });
  });

  it('is what a restarted gateway says when it goes on under another name', () => {
    const restart = asked('f1e2', '[System] Your previous turn was interrupted');
    expect(replyOfRun([asked('msg_a'), restart, said('after all', 'f1e2')], 'msg_a')).toMatchObject({
      text: 'after all',
    });
  });

  it('is not what the model says before it calls a tool, and a failure is one', () => {
    const calling = said('I look', 'msg_a', { stopReason: 'toolUse' });
    expect(replyOfRun([asked('msg_a'), calling], 'msg_a')).toEqual({ found: true });
    expect(replyOfRun([asked('msg_a'), calling, said('42', 'msg_a')], 'msg_a')).toMatchObject({ text: '42' });
    expect(replyOfRun([asked('msg_a'), said('half', 'msg_a', { stopReason: 'error' })], 'msg_a')).toMatchObject({
      failed: true,
    });
  });
});
