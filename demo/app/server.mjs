import { createServer } from 'node:http';
import lodash from 'lodash';
import mime from 'mime';
import ms from 'ms';

const page = lodash.template('<!doctype html><title>uptime</title><h1>Up for <%- uptime %></h1>\n');

const server = createServer((request, response) => {
  if (request.url === '/healthz') {
    response.writeHead(200, { 'content-type': mime.getType('json') }).end('{"status":"ok"}\n');
    return;
  }
  const uptime = ms(Math.round(process.uptime() * 1000), { long: true });
  response.writeHead(200, { 'content-type': mime.getType('html') }).end(page({ uptime }));
});

const port = Number(process.env.PORT ?? 8080);
server.listen(port, () => console.log(`listening on ${port}`));
process.on('SIGTERM', () => server.close());
