// openid-client: registered for ping; it collects when it has been told, and not before.
import { createServer } from "node:http";
import * as client from "openid-client";

const token = client.randomState();
const config = await client.discovery(
  new URL(process.env.ISSUER),
  "told",
  undefined,
  client.ClientSecretBasic(process.env.CLIENT_SECRET),
  { execute: [client.allowInsecureRequests] },
);
client.enableNonRepudiationChecks(config);

const pinged = new Promise((resolve) => {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const known = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(known ? 204 : 401).end();
    if (known) resolve(JSON.parse(body)), server.close();
  }).listen(Number(process.env.PORT), "127.0.0.1");
});
const request = await client.initiateBackchannelAuthentication(config, {
  scope: "openid",
  login_hint: "ann@example.org",
  client_notification_token: token,
});
const told = await pinged;
const tokens = await client.pollBackchannelAuthenticationGrant(config, request);
console.log(JSON.stringify({ told: told.auth_req_id === request.auth_req_id, amr: tokens.claims().amr }));
