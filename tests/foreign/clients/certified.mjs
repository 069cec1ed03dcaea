// openid-client: proves itself by a certificate, through nginx; a thief of its token has no such certificate.
import { readFileSync } from "node:fs";
import { request as send } from "node:https";
import * as client from "openid-client";

const [ca, cert, key] = [process.env.CA, process.env.CERT, process.env.KEY].map((file) => readFileSync(file));

// Node's own fetch shows no certificates.
const over = (tls) => (url, { method, headers, body }) =>
  new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, ...tls }, async (answer) => {
      const pieces = [];
      for await (const piece of answer) pieces.push(piece);
      resolve(new Response(Buffer.concat(pieces), { status: answer.statusCode, headers: answer.headers }));
    });
    sent.on("error", reject).end(body?.toString());
  });

const config = await client.discovery(
  new URL(process.env.ISSUER),
  process.env.CLIENT_ID,
  { use_mtls_endpoint_aliases: true },
  client.TlsClientAuth(),
  { [client.customFetch]: over({ ca, cert, key }) },
);
client.enableNonRepudiationChecks(config);

const request = await client.initiateBackchannelAuthentication(config, {
  scope: "openid",
  login_hint: "ann@example.com",
  binding_message: "Order 17",
});
const tokens = await client.pollBackchannelAuthenticationGrant(config, request);
const { sub, amr } = tokens.claims();
await client.fetchUserInfo(config, tokens.access_token, sub);

const { userinfo_endpoint: userinfo } = config.serverMetadata().mtls_endpoint_aliases;
const headers = { authorization: `Bearer ${tokens.access_token}` };
const thief = await over({ ca })(userinfo, { method: "GET", headers });
const [, claims] = tokens.access_token.split(".");
const { cnf } = JSON.parse(Buffer.from(claims, "base64url"));
console.log(JSON.stringify({ amr, cnf, thief: thief.status }));
