import { describe, expect, it } from 'vitest';
import { toUtf8 } from '#kernel';
import { textsOf } from './message-guard.ts';

describe('what the guard looks at', () => {
  it('is all that is read as text: subject, names, links, inline texts, and every string of the metadata with its key', () => {
    const payload = {
      subject: 'Sales',
      body: 'see the files',
      attachments: [
        { kind: 'inline', name: 'a.txt', mediaType: 'text/plain; charset=utf-8', bytes: toUtf8('inside') },
        { kind: 'inline', name: 'b.png', mediaType: 'image/png', bytes: toUtf8('not read') },
        { kind: 'url', name: 'page', url: 'https://example.org/' },
      ],
      metadata: { password: 'x1', deep: { list: ['one', 2, null, { two: true }] } },
    } as const;
    expect(textsOf({ payload })).toEqual([
      { where: 'subject', text: 'Sales' },
      { where: 'body', text: 'see the files' },
      { where: 'name 1', text: 'a.txt' },
      { where: 'attachment 1', text: 'inside' },
      { where: 'name 2', text: 'b.png' },
      { where: 'name 3', text: 'page' },
      { where: 'link 3', text: 'https://example.org/' },
      { where: 'metadata', text: 'password: x1\ndeep\nlist\none\ntwo' },
    ]);
  });
});
