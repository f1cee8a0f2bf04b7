import { describe, expect, it } from 'vitest';
import { shortAgentId, shortIds } from './short-id.ts';

const id = (end: string): string => `msg_019bf001-aaaa-7${end}`;

describe('shortIds', () => {
  it('keeps the time of an id, which is enough as a rule', () => {
    const short = shortIds([id('000-8000-000000000001'), 'msg_019bf001-aaab-7000-8000-000000000001']);
    expect(short(id('000-8000-000000000001'))).toBe('msg_019bf001-aaaa');
  });

  it('keeps more when ids of one list are from the same millisecond', () => {
    const ids = [id('000-8000-000000000001'), id('000-8000-100000000001'), 'msg_019bf001-aaab-7000-8000-000000000001'];
    const shortened = ids.map(shortIds(ids));
    expect(new Set(shortened).size).toBe(3);
    expect(shortened[0]).toBe(id('000-8000-0'));
    for (const [index, text] of shortened.entries()) expect(ids[index]?.startsWith(text)).toBe(true);
  });

  it('leaves ids of another form whole', () => {
    expect(['inv1', 'x'].map(shortIds(['inv1', 'x']))).toEqual(['inv1', 'x']);
    expect(shortIds([])('msg_1')).toBe('msg_1');
  });
});

describe('shortAgentId', () => {
  it('is a beginning that can be pasted back', () => {
    const agentId = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
    expect(agentId.startsWith(shortAgentId(agentId))).toBe(true);
    expect(shortAgentId(agentId)).toHaveLength(22);
  });
});
