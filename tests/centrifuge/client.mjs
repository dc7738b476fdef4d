// A client of live channels that a test steers: the npm package `centrifuge`, unmodified, as Grafana's pages use it.
//
//   node client.mjs URL [TOKEN]
//
// Commands come on standard input and events go to standard output, a JSON document a line: subscribe {channel, data},
// unsubscribe {channel}, publish {channel, data}, rpc {method, data}, connect {}, disconnect {}. It ends with its input.

import readline from 'node:readline';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

const [url, token] = process.argv.slice(2);

const tell = (event, details = {}) => process.stdout.write(`${JSON.stringify({ event, ...details })}\n`);
const failed = (error) => ({ code: error.code, message: error.message });

const client = new Centrifuge(url, {
  websocket: WebSocket,
  minReconnectDelay: 20,
  maxReconnectDelay: 500,
  timeout: 10_000,
  ...(token ? { token } : {}),
});
for (const event of ['connecting', 'connected', 'disconnected']) {
  client.on(event, ({ code, reason, client: id }) => tell(event, { code, reason, client: id }));
}
client.on('error', ({ error }) => tell('error', failed(error)));

const commands = {
  subscribe({ channel, data }) {
    const subscription = client.newSubscription(channel, { data, minResubscribeDelay: 20, maxResubscribeDelay: 500 });
    subscription.on('subscribed', ({ data }) => tell('subscribed', { channel, data }));
    subscription.on('unsubscribed', ({ code, reason }) => tell('unsubscribed', { channel, code, reason }));
    subscription.on('subscribing', ({ code, reason }) => tell('subscribing', { channel, code, reason }));
    subscription.on('publication', ({ data }) => tell('publication', { channel, data }));
    subscription.on('error', ({ error }) => tell('refused', { channel, ...failed(error) }));
    subscription.subscribe();
  },
  unsubscribe({ channel }) {
    const subscription = client.getSubscription(channel);
    subscription.unsubscribe();
    client.removeSubscription(subscription);
  },
  async publish({ channel, data }) {
    try {
      await client.publish(channel, data);
      tell('published', { channel });
    } catch (error) {
      tell('publish-refused', { channel, ...failed(error) });
    }
  },
  async rpc({ method, data }) {
    try {
      tell('answered', { method, data: (await client.rpc(method, data)).data });
    } catch (error) {
      tell('rpc-refused', { method, ...failed(error) });
    }
  },
  connect: () => client.connect(),
  disconnect: () => client.disconnect(),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...details } = JSON.parse(line);
  await commands[command](details);
}
client.disconnect();
