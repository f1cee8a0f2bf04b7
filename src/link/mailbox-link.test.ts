import { describe, expect, it } from 'vitest';
import { MeshError, systemRandom } from '#kernel';
import { agentIdOf, generateKeyPair } from '#identity';
import { type Frame, signHubReceipt } from '#protocol';
import { failure } from '../../test/support/failure.ts';
import { FakeLink, frameOf } from '../../test/support/courier-bench.ts';
import { type FrameOutcome, type Link, MailboxLink } from './index.ts';

const keys = generateKeyPair(systemRandom);
const hubId = agentIdOf(keys.publicKey);
const uuid = (n: number): string => `0192f0c1-3c4d-7e5f-8a9b-${String(n).padStart(12, '0')}`;
const frame: Frame = { ...frameOf(1).frame, id: `frm_${uuid(1)}` };
const receiptFor = (facts: Partial<{ frameId: Frame['id']; to: Frame['to'] }> = {}, by = keys): FrameOutcome => ({
  kind: 'stored',
  receipt: signHubReceipt({ frameId: frame.id, to: frame.to, at: 1, ...facts }, by),
});

/** The link to a hub that says this of every frame. */
function mailbox(outcome: FrameOutcome): { readonly hub: FakeLink; readonly link: Link } {
  const hub = new FakeLink();
  const saying: Link = {
    ...hub,
    remote: { agentId: hubId, rotations: [] },
    sendFrame: async (_frame, options) => {
      options?.onWritten?.();
      return outcome;
    },
    close: (reason) => hub.close(typeof reason === 'string' ? reason : undefined),
    grant: () => undefined,
    ack: () => undefined,
  };
  return { hub, link: new MailboxLink({ hub: saying, agent: frame.to, route: 'hub http://hub.test' }) };
}

describe('the way through a hub', () => {
  it('says who keeps the frames, and whose they are', () => {
    const { link } = mailbox(receiptFor());
    expect([link.keeper, link.remote.agentId, link.route]).toEqual([hubId, frame.to, 'hub http://hub.test']);
  });

  it('takes the word of a hub that it keeps a frame when the receipt holds', async () => {
    const { link } = mailbox(receiptFor());
    expect(await link.sendFrame(frame)).toMatchObject({ kind: 'stored' });
  });

  it.each([
    ['of another hub', receiptFor({}, generateKeyPair(systemRandom))],
    ['for another frame', receiptFor({ frameId: `frm_${uuid(2)}` })],
    ['for another agent', receiptFor({ to: hubId })],
  ])('takes no receipt %s', async (_what, outcome) => {
    expect((await failure(mailbox(outcome).link.sendFrame(frame))).code).toBe('SIGNATURE_INVALID');
  });

  it('takes no receipt that is none', async () => {
    const { link } = mailbox({ kind: 'stored', receipt: Uint8Array.of(1, 2, 3) });
    expect((await failure(link.sendFrame(frame))).code).toBe('MALFORMED');
  });

  it('hands on what the hub refuses', async () => {
    const full = { kind: 'refused', code: 'MAILBOX_FULL', retryAfterMs: 5000 } as const;
    expect(await mailbox(full).link.sendFrame(frame)).toEqual(full);
  });

  it('ends with the link to the hub, and leaves that open when it ends itself', async () => {
    const one = mailbox(receiptFor());
    one.hub.close('SHUTTING_DOWN');
    expect((await one.link.closed)?.code).toBe('SHUTTING_DOWN');
    expect((await failure(one.link.sendFrame(frame))).code).toBe('LINK_CLOSED');
    const other = mailbox(receiptFor());
    other.link.close('NOT_TRUSTED');
    expect((await other.link.closed)?.code).toBe('NOT_TRUSTED');
    expect(await Promise.race([other.hub.closed, Promise.resolve('open')])).toBe('open');
  });

  it('has no files: those come from the agent itself', async () => {
    const { link } = mailbox(receiptFor());
    const ask = { blob: new Uint8Array(32), offset: 0, bytes: 1, have: 0 };
    expect(await failure(link.getBlob(ask, () => undefined))).toBeInstanceOf(MeshError);
  });
});
