export { acceptLink, type AcceptLinkOptions, type LinkOptions } from './accept-link.ts';
export type { Connection, ConnectionEnd, ReceiveLimit } from './connection.ts';
export { dialLink, type DialLinkOptions } from './dial-link.ts';
export { dialWebSocket, type DialWebSocketOptions } from './dial-websocket.ts';
export type { LinkSelf } from './handshake-proof.ts';
export type { FrameAnswer, FrameOutcome, Link, LinkHandler, LinkPeer } from './link.ts';
export { LinkListener, type LinkListenerOptions } from './link-listener.ts';
export { memoryConnections, type MemoryConnectionOptions } from './memory-connection.ts';
export { acceptWebSockets, type UpgradeHandler } from './websocket-upgrade.ts';
