// Loaded into a bundle by NODE_OPTIONS=--import: ends the process with code 97 at the first connection, or look-up of a name, that is not to
// the addresses in HALLMARK_ONLY (host:port, separated by commas).
import dgram from 'node:dgram';
import dns from 'node:dns';
import { writeSync } from 'node:fs';
import net from 'node:net';

const allowed = (process.env.HALLMARK_ONLY ?? '').split(',');

function deny(what) {
  writeSync(2, `GUARD: ${what}\n`);
  process.exit(97);
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [first] = args.flat();
  const target = typeof first === 'object' ? first : { port: first, host: args[1] };
  const address = target.path ?? `${target.host ?? 'localhost'}:${target.port}`;
  if (!allowed.includes(address)) deny(`a connection to ${address}`);
  return connect.apply(this, args);
};
for (const module of [dns, dns.promises]) {
  for (const name of Object.keys(module).filter((key) => /^(?:lookup|resolve)/.test(key))) {
    const original = module[name];
    module[name] = function (host, ...rest) {
      if (!net.isIP(host)) deny(`a look-up of ${host}`);
      return original.call(this, host, ...rest);
    };
  }
}
dgram.createSocket = () => deny('a datagram socket');
