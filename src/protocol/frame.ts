import type { AgentId } from '#identity';
import type { Priority } from './message.ts';

export type FrameId = `frm_${string}`;
export const frameKinds = [
  'welcome',
  'commit',
  'app',
  'request',
  'accept',
  'receipt',
  'blob',
  'answer',
  'rotation',
] as const;
export type FrameKind = (typeof frameKinds)[number];

/** These stand in no line: each is said again by itself, and none waits for another (spec §12.4). */
const outside: ReadonlySet<FrameKind> = new Set(['request', 'accept', 'answer', 'rotation']);

export const isInLine = (kind: FrameKind): boolean => !outside.has(kind);

/** The wire unit that carries sealed bytes from one agent to another (spec §2.4): all that a hub sees. */
export interface Frame {
  readonly v: 1;
  readonly id: FrameId;
  readonly kind: FrameKind;
  readonly from: AgentId;
  readonly to: AgentId;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly priority: Priority;
  readonly bytes: Uint8Array;
}
