import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Limits } from '#kernel';
import { type LinkListener, retryAfterMs } from './link-listener.ts';
import { linkPath, linkSubprotocol, WebSocketConnection, webSocketOptions } from './websocket-connection.ts';

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * For `server.on('upgrade', …)` of an HTTP server: WebSockets on the link path go to the listener, all else is refused.
 */
export function acceptWebSockets(
  listener: Pick<LinkListener, 'accept' | 'hasRoomFor'>,
  limits: Pick<Limits, 'maxHandshakeFrameBytes'>,
): UpgradeHandler {
  const server = new WebSocketServer({
    ...webSocketOptions(limits),
    noServer: true,
    clientTracking: false,
    handleProtocols: () => linkSubprotocol,
  });
  return (request, socket, head) => {
    const status = refusalOf(request, listener);
    if (status !== undefined) {
      refuseUpgrade(socket, status);
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WebSocketConnection({ webSocket, stream: socket, address: addressOf(request) });
      void listener.accept(connection);
    });
  };
}

function refusalOf(request: IncomingMessage, listener: Pick<LinkListener, 'hasRoomFor'>): number | undefined {
  if (request.url !== linkPath) return 404;
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (!offered.includes(linkSubprotocol)) return 400;
  return listener.hasRoomFor(addressOf(request)) ? undefined : 429;
}

function refuseUpgrade(socket: Duplex, status: number): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, 'Connection: close', 'Content-Length: 0'];
  if (status === 429) lines.push(`Retry-After: ${retryAfterMs / 1000}`);
  // The far end may be gone already, which is no matter now.
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n`);
}

/** `10.0.0.7` also for an IPv4 caller of a socket that takes both. */
function addressOf(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
}
