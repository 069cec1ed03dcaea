// Drives load with autocannon. One job a line on standard input, one result a line on standard output, both JSON.
//
// A job: {url, kind: "hello" | "form" | "begin" | "poll" | "keyed" | "cycle", connections, seconds or amount, clients, persons,
// offset, ids}. Every connection has persons, or auth_req_ids, of its own; "ids" is a file with lines "CLIENT ID",
// which polls read and begins with an "amount" write.

import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import autocannon from 'autocannon';

const CIBA = 'urn:openid:params:grant-type:ciba';

const authorization = (client) =>
  `Basic ${Buffer.from(`client${client}:secret-of-client-${client}-${'s'.repeat(24)}`).toString('base64')}`;
const post = (path, client, fields) => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: authorization(client) },
  body: new URLSearchParams(fields).toString(),
});
const begin = (client, person) =>
  post('/oauth2/bc-authorize', client, {
    scope: 'openid', login_hint: `person${person}@example.org`, binding_message: `Order ${person}: 12.50 EUR`,
  });
const poll = (client, id) => post('/oauth2/token', client, { grant_type: CIBA, auth_req_id: id });

const clientKey = process.env.BENCH_CLIENT_KEY && createPrivateKey(readFileSync(process.env.BENCH_CLIENT_KEY));
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
// A new one for each request, as RFC 7523 wants it: signing it is the load's work, not the server's.
function assertion(issuer) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'signer', sub: 'signer', aud: issuer, iat: now, exp: now + 60, jti: randomUUID() };
  const signed = `${encoded({ alg: 'ES256', kid: 'k1' })}.${encoded(claims)}`;
  return `${signed}.${sign('sha256', signed, { key: clientKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

// What connection number `mine` of `all` sends, over and over.
const SHARES = {
  hello: () => [{ method: 'GET', path: '/hello' }],
  form: (job, mine) => [{ ...begin(mine % job.clients, mine), path: '/form' }],
  begin: (job, mine, all) => turns(job, mine, all).map((number) => {
    const client = number % job.clients;
    const asked = begin(client, number % job.persons);
    if (job.amount) asked.onResponse = (status, body) => made.push(`${client} ${JSON.parse(body).auth_req_id}`);
    return asked;
  }),
  poll: (job, mine, all) => readIds(job.ids).filter((_, at) => at % all === mine).map(([client, id]) => poll(client, id)),
  // For nobody's auth_req_id: what is measured is the proof.
  keyed: (job) => [{
    method: 'POST',
    path: '/oauth2/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    setupRequest: (request) => ({
      ...request,
      body: new URLSearchParams({
        grant_type: CIBA,
        auth_req_id: 'nobodys',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion(job.url),
      }).toString(),
    }),
  }],
  cycle: (job, mine, all) => turns(job, mine, all).flatMap((number) => {
    const client = number % job.clients;
    const withId = (path, extra) => ({
      ...post(path, client, {}),
      setupRequest: (request, context) => ({
        ...request, body: new URLSearchParams({ ...extra, auth_req_id: context.id ?? 'none' }).toString(),
      }),
    });
    return [
      {
        ...begin(client, number % job.persons),
        onResponse: (status, body, context) => { context.id = status === 200 ? JSON.parse(body).auth_req_id : 'none'; },
      },
      withId('/bench/approve', {}),
      withId('/oauth2/token', { grant_type: CIBA }),
    ];
  }),
};

// A redemption is recognised by its tokens, a pending poll by its code: anything else is counted as wrong.
const RIGHT = {
  hello: () => true,
  form: () => true,
  begin: (body) => body.includes('"auth_req_id"'),
  poll: (body) => body.includes('authorization_pending'),
  keyed: (body) => body.includes('invalid_grant'),
  cycle: (body) => body.includes('"auth_req_id"') || body.includes('"accepted":true') || body.includes('"id_token"'),
};

const turns = (job, mine, all) =>
  Array.from({ length: Math.ceil(job.persons / all) }, (_, turn) => job.offset + turn * all + mine);
let made = [];
const files = new Map();
function readIds(file) {
  if (!files.has(file)) files.set(file, readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(' ')));
  return files.get(file);
}

function run(job) {
  const samples = new Map();
  let next = 0;
  let began = 0;
  made = [];
  return new Promise((resolve, reject) => {
    autocannon({
      url: job.url,
      connections: job.connections,
      ...(job.amount ? { amount: job.amount } : { duration: job.seconds }),
      timeout: 20,
      sampleInt: 100,
      setupClient: (client) => {
        client.setRequests(SHARES[job.kind](job, next++, job.connections));
        began = Date.now(); // the last one's requests are ready: now they all start
      },
      verifyBody: (body) => {
        const text = String(body);
        const right = RIGHT[job.kind](text);
        if (!right) samples.set(text.slice(0, 300), true);
        return right;
      },
    }, (error, result) => {
      if (error) { reject(error); return; }
      if (job.amount) writeFileSync(job.ids, made.join('\n'));
      const answered = result['2xx'] + result['4xx'];
      resolve({
        answered,
        per_second: answered / ((result.finish - began) / 1000),
        p50_ms: result.latency.p50,
        p99_ms: result.latency.p99,
        wrong: result.mismatches + result.errors + result.timeouts + result['5xx'],
        sample: [...samples.keys()][0] ?? '',
      });
    });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))));
}
