import { createServer } from 'node:http';
import lodash from 'lodash';
import mime from 'mime';

const page = lodash.template('<!doctype html><title>uptime</title><h1>Up for <%- uptime %></h1>\n');

const server = createServer((request, response) => {
  if (request.url === '/healthz') {
    response.writeHead(200, { 'content-type': mime.getType('json') }).end('{"status":"ok"}\n');
    return;
  }
  const uptime = new Intl.DurationFormat('en', { style: 'long' }).format({ seconds: Math.round(process.uptime()) });
  response.writeHead(200, { 'content-type': mime.getType('html') }).end(page({ uptime }));
});

server.listen(Number(process.env.PORT ?? 8080));
process.on('SIGTERM', () => server.close());
