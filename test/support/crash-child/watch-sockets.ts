import { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { decodeFrame, decodeLinkOperation } from '#protocol';
import { defaultLimits } from '#kernel';
import type { Trigger } from './trigger.ts';

type Send = (this: WebSocket, ...parts: readonly unknown[]) => void;

/** From now on every link of this process meets the trigger when it writes frames and acknowledgements. */
export function watchSockets(trigger: Trigger): void {
  const original: unknown = Reflect.get(WebSocket.prototype, 'send');
  if (typeof original !== 'function') throw new TypeError('ws has no send');
  const write = (socket: WebSocket, parts: readonly unknown[]): void =>
    void Reflect.apply(original, socket, parts as unknown[]);
  const send: Send = function (bytes, options) {
    const name =
      bytes instanceof Uint8Array && trigger.point?.startsWith('link.') === true ? pointOf(trigger, bytes) : undefined;
    if (name === undefined) write(this, [bytes, options]);
    else if (name === 'link.answer-unwritten') trigger.die();
    else if (name === 'link.frame-half-written') writeHalf(this, () => write(this, [bytes, options]), trigger);
    else write(this, [bytes, options, () => trigger.die()]);
  };
  Reflect.set(WebSocket.prototype, 'send', send);
}

/** The point at which the process ends with this operation. */
function pointOf(trigger: Trigger, bytes: Uint8Array): string | undefined {
  const operation = decodeLinkOperation(bytes);
  if (operation.op === 'delivered') return due(trigger, ['link.answer-unwritten', 'link.answer-written']);
  if (operation.op !== 'frame') return undefined;
  const { kind } = decodeFrame(operation.frame, defaultLimits);
  if (kind === 'welcome' || kind === 'commit') return due(trigger, [`link.${kind}-written`]);
  return kind === 'app' || kind === 'receipt'
    ? due(trigger, ['link.frame-half-written', 'link.frame-written'])
    : undefined;
}

const due = (trigger: Trigger, points: readonly string[]): string | undefined =>
  points.find((point) => trigger.isDueAt(point));

/** Half of what `send` writes leaves the process, and then it ends. */
function writeHalf(webSocket: WebSocket, send: () => void, trigger: Trigger): void {
  const socket: unknown = Reflect.get(webSocket, '_socket');
  if (!(socket instanceof Socket)) throw new TypeError('ws has no socket');
  const written: Uint8Array[] = [];
  const keep = (chunk: unknown): boolean => {
    if (chunk instanceof Uint8Array) written.push(chunk);
    return true;
  };
  Object.defineProperty(socket, 'write', { configurable: true, value: keep });
  send();
  Reflect.deleteProperty(socket, 'write');
  const all = Buffer.concat(written);
  socket.write(all.subarray(0, Math.ceil(all.length / 2)), () => trigger.die());
  while (socket.writableCorked > 0) socket.uncork();
}
