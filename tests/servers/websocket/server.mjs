// A WebSocket server (npm's `ws`) that does what endpoints do at their worst. The path says what:
//
//   /ticks?ms=10        a message each so many milliseconds: {"n": 0, "value": 0.5, "time": <ms>}
//   /burst?count=50000  so many of the same, as fast as they can be written; then hangs up with code 4000
//   /flood              the same without an end, as fast as they are taken
//   /deaf               the same, whatever the client says, a close included
//   /choked             the same, and reads nothing of what the client says
//   /echo               what it is told
//   /topics             {"op": "subscribe", "topic": T} and "unsubscribe": messages of these topics, {"topic": T, "n": 0}
//   /garbage            what is no JSON, no UTF-8, no row, and one row at last; then hangs up
//                       with code 4000
//   /mute               never a message, nor an answer to a ping
//   /quiet              never a message, but answers to pings
//   /large?bytes=100    one message of so many bytes
//   /close?code=4001&reason=no   hangs up with that code after one message; 0: without a word
//   /stall              takes the connection and never answers the handshake
//   /refuse?status=401  answers the handshake with that status
//   /guarded            wants `Authorization: Basic dTpw` and `X-Token: right`, else 401
//   /protocol           wants the subprotocol `rows.v1`, else offers none
//
// A request that is no handshake is answered with what was seen so far: connections open and in all, what clients said, and
// the codes they closed with.
//
//   server.mjs PORT [CERTIFICATE KEY]

import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { readFileSync } from 'node:fs'
import { WebSocketServer } from 'ws'

const [port, certificate, key] = process.argv.slice(2)
const seen = { open: 0, connections: 0, said: [], closed: [] }

const row = (n) => JSON.stringify({ n, value: n + 0.5, time: Date.now() })

/// Writes as long as the client takes what is written, and hears others in between.
function pour(socket, message, count) {
  let n = 0
  const some = () => {
    const end = Math.min(count, n + 1_000)
    while (n < end && socket.readyState === socket.OPEN && socket.bufferedAmount < 1 << 20) socket.send(message(n++))
    if (n === count) socket.close(4000, 'all sent')
    else if (socket.readyState === socket.OPEN) setImmediate(some)
  }
  some()
}

/// Writes beside the library, which hears nothing of what comes.
function pourRaw(raw) {
  const text = row(0)
  const frames = Buffer.concat(Array(1_000).fill(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)])))
  // Of a socket that is not read, only a write tells that the client is gone.
  const write = (error) => (error ? raw.destroy() : raw.destroyed || raw.write(frames, write))
  write()
}

function repeat(socket, ms, say) {
  let n = 0
  const timer = setInterval(() => say(n++), ms)
  socket.on('close', () => clearInterval(timer))
}

const endpoints = {
  '/': () => {},
  '/ticks': (socket, query) => repeat(socket, Number(query.get('ms') ?? 10), (n) => socket.send(row(n))),
  '/burst': (socket, query) => pour(socket, row, Number(query.get('count') ?? 50_000)),
  '/flood': (socket) => pour(socket, row, Infinity),
  '/deaf': ({ _socket: raw }) => pourRaw(raw.removeAllListeners('data').resume()),
  '/choked': ({ _socket: raw }) => pourRaw(raw.removeAllListeners('data').pause()),
  '/echo': (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  '/topics': (socket) => {
    const topics = new Set()
    socket.on('message', (data) => {
      const { op, topic } = JSON.parse(data)
      if (op === 'subscribe') topics.add(topic)
      if (op === 'unsubscribe') topics.delete(topic)
    })
    repeat(socket, 5, (n) => topics.forEach((topic) => socket.send(JSON.stringify({ topic, n }))))
  },
  '/garbage': (socket) => {
    for (const message of ['no json', '{"a":', Buffer.from([0xff, 0xfe]), 'null', '{}', Buffer.from('{"ok":1}')]) {
      socket.send(message)
    }
    socket.close(4000, 'all sent')
  },
  '/mute': () => {},
  '/quiet': () => {},
  '/large': (socket, query) => socket.send(JSON.stringify({ text: 'x'.repeat(Number(query.get('bytes')) - 11) })),
  '/close': (socket, query) => {
    socket.send('{"last":1}')
    const code = Number(query.get('code'))
    if (code === 0) socket.terminate()
    else socket.close(code, query.get('reason') ?? '')
  },
  '/guarded': (socket) => socket.send('{"in":true}'),
  '/protocol': (socket) => socket.send(JSON.stringify({ protocol: socket.protocol })),
}

const sockets = new WebSocketServer({
  noServer: true,
  autoPong: false,
  handleProtocols: (offered) => (offered.has('rows.v1') ? 'rows.v1' : false),
})

function refuse(socket, status, headers = '') {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 8\r\n${headers}\r\nrefused\n`)
}

const answer = (_, response) => response.end(JSON.stringify(seen))
const tls = certificate && { cert: readFileSync(certificate), key: readFileSync(key) }
const server = tls ? createSecureServer(tls, answer) : createServer(answer)

server.on('upgrade', (request, socket, head) => {
  const url = new URL(request.url, 'http://localhost')
  const { pathname, searchParams: query } = url
  socket.on('error', () => {})
  if (pathname === '/stall') return
  if (pathname === '/refuse') {
    const location = query.get('location')
    return refuse(socket, query.get('status'), location ? `Location: ${location}\r\n` : '')
  }
  const { authorization, 'x-token': token } = request.headers
  if (pathname === '/guarded' && (authorization !== 'Basic dTpw' || token !== 'right')) return refuse(socket, 401)
  const serve = endpoints[pathname]
  if (!serve) return refuse(socket, 404)
  sockets.handleUpgrade(request, socket, head, (client) => {
    seen.open += 1
    seen.connections += 1
    client.on('message', (data) => seen.said.push(String(data)))
    client.on('ping', () => pathname === '/mute' || client.pong())
    client.on('error', () => {})
    client.on('close', (code) => {
      seen.open -= 1
      seen.closed.push(code)
    })
    serve(client, query)
  })
})

server.listen(Number(port), '127.0.0.1')
