import { afterAll, beforeAll, describe } from 'vitest';
import type { LinkTransport } from '../support/link-transports.ts';
import { linkBlobsContract } from './link-blobs.ts';
import { linkCreditContract } from './link-credit.ts';
import { linkFramesContract } from './link-frames.ts';
import { linkHandshakeContract } from './link-handshake.ts';
import { linkLifeContract } from './link-life.ts';
import { linkLivesContract } from './link-lives.ts';
import { linkServiceContract } from './link-service.ts';
import { linkViolationsContract } from './link-violations.ts';

/** What the link protocol must do over every transport. */
export function linkContract(open: () => Promise<LinkTransport>): void {
  let transport: LinkTransport | undefined;

  beforeAll(async () => {
    transport = await open();
  });
  afterAll(() => transport?.close());

  const present = (): LinkTransport => {
    if (transport === undefined) throw new Error('The transport is not open');
    return transport;
  };
  describe('handshake', () => {
    linkHandshakeContract(present);
  });
  describe('frames', () => {
    linkFramesContract(present);
  });
  describe('credit', () => {
    linkCreditContract(present);
  });
  describe('blobs', () => {
    linkBlobsContract(present);
  });
  describe('life', () => {
    linkLifeContract(present);
  });
  describe('lives of an agent', () => {
    linkLivesContract(present);
  });
  describe('service', () => {
    linkServiceContract(present);
  });
  describe('violations', () => {
    linkViolationsContract(present);
  });
}
