// A process that accepts WebSockets and does nothing with them.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, clientTracking: false });

process.on('message', ({ type }: { readonly type: string }) => {
  if (type === 'close') process.exit(0);
  const address = server.address();
  process.send?.({ type, pid: process.pid, port: typeof address === 'object' && address !== null ? address.port : 0 });
});
