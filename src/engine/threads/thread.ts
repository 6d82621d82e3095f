/** The other side of the launcher: what a worker thread does with the messages that come for it and for the member in it. */
import type { MessagePort } from 'node:worker_threads';
import type { Member } from '../crew/member.ts';
import type { FromMember, TradeMessage } from '../crew/messages.ts';
import type { Channel } from '../crew/transport.ts';
import type { ToThread } from './messages.ts';

/** A member's way to the main thread. */
export function toMainThread(port: MessagePort): (message: FromMember) => void {
  return (message) => port.postMessage(message);
}

/** Hands to the member what is said to it, until the main thread says that this thread is to end. */
export function serveThread(member: Member, port: MessagePort): void {
  port.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'peer':
        return member.connect(message.member, channelOf(message.port));
      case 'end':
        // Ends this thread only.
        return process.exit(0);
      default:
        return member.take(message);
    }
  });
  member.serve();
}

/** A channel that does not hold the thread when nothing else does. */
function channelOf(port: MessagePort): Channel<TradeMessage, TradeMessage> {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (take) => {
      port.on('message', take);
      port.unref();
    },
  };
}
