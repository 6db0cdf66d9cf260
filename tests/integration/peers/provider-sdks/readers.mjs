// The providers' own libraries as clients of the sandbox. Usage: node readers.mjs READER, with PACKAGES (where npm put them), URL (of
// the imitated provider) and APP (what its control API tells of the app) from the environment. One JSON object on standard output.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const url = process.env.URL;
const app = JSON.parse(process.env.APP);
const callback = 'http://127.0.0.1:9/callback';
const require = createRequire(path.join(process.env.PACKAGES, 'package.json'));
const load = async (name) => {
  const folder = path.join(process.env.PACKAGES, 'node_modules', name);
  const { exports, main } = require(path.join(folder, 'package.json'));
  const entry = exports?.['.']?.import?.default ?? exports?.['.']?.import ?? exports?.['.']?.default ?? exports?.default ?? main;
  return import(pathToFileURL(path.join(folder, entry)));
};

/** Answers a consent page as its form does; the parameters that the browser brings back. */
const consent = async (page, choices = {}) => {
  const body = new URLSearchParams({ account: 'alice@example.com', decision: 'allow', ...choices });
  const answer = await fetch(page, { method: 'POST', body, redirect: 'manual' });
  if (answer.status !== 303) throw new Error(`consent: ${answer.status} ${await answer.text()}`);
  return Object.fromEntries(new URL(answer.headers.get('location')).searchParams);
};
const fails = async (promise) => promise.then(() => 'no error', (error) => error.message);

const readers = {
  async githubApp() {
    const { createAppAuth } = await load('@octokit/auth-app');
    const { request } = await load('@octokit/request');
    const back = await consent(`${url}/apps/${app.app_slug}/installations/new?state=s`, { organisation: 'acme' });
    const asked = request.defaults({ baseUrl: `${url}/api/v3` });
    const auth = createAppAuth({
      appId: app.app_id, privateKey: app.private_key, clientId: app.client_id, clientSecret: app.client_secret, request: asked,
    });
    const token = await auth({ type: 'installation', installationId: Number(back.installation_id), repositoryNames: ['api'] });
    const { data } = await asked('GET /installation/repositories', { headers: { authorization: `token ${token.token}` } });
    const appItself = await asked('GET /app', { headers: { authorization: `bearer ${(await auth({ type: 'app' })).token}` } });
    return { token: token.token, repositories: data.repositories.map(({ name }) => name), slug: appItself.data.slug, selection: token.repositorySelection };
  },

  async githubUser() {
    const methods = await load('@octokit/oauth-methods');
    const { request } = await load('@octokit/request');
    const common = {
      clientType: 'github-app', clientId: app.client_id, clientSecret: app.client_secret,
      request: request.defaults({ baseUrl: `${url}/api/v3` }),
    };
    const { url: page } = methods.getWebFlowAuthorizationUrl({ ...common, state: 's', redirectUrl: callback });
    const { code } = await consent(page);
    const first = await methods.exchangeWebFlowCode({ ...common, code, redirectUrl: callback });
    const second = await methods.refreshToken({ ...common, refreshToken: first.authentication.refreshToken });
    const checked = await methods.checkToken({ ...common, token: second.authentication.token });
    const reused = await fails(methods.refreshToken({ ...common, refreshToken: first.authentication.refreshToken }));
    const device = await methods.createDeviceCode(common);
    const pending = await fails(methods.exchangeDeviceCode({ ...common, code: device.data.device_code }));
    const deleted = await methods.deleteAuthorization({ ...common, token: second.authentication.token });
    return {
      first: first.authentication, second: second.authentication, login: checked.data.user.login,
      reused, pending, verification: device.data.verification_uri, deleted: deleted.status,
    };
  },

  async slack() {
    const { InstallProvider, LogLevel } = await load('@slack/oauth');
    const { WebClient } = await load('@slack/web-api');
    const installer = new InstallProvider({
      clientId: app.client_id, clientSecret: app.client_secret, stateVerification: false, logLevel: LogLevel.ERROR,
      authorizationUrl: `${url}/oauth/v2/authorize`, clientOptions: { slackApiUrl: `${url}/api/` },
    });
    const page = await installer.generateInstallUrl({ scopes: ['chat:write', 'users:read'], userScopes: ['search:read'], redirectUri: callback }, false);
    const { code } = await consent(page, { organisation: 'globex' });
    const stored = await new Promise((resolve, reject) => {
      const request = { url: `/callback?code=${code}&state=`, headers: { host: '127.0.0.1:9' } };
      const done = { success: (installation) => resolve(installation), failure: reject };
      installer.handleCallback(request, { setHeader() {}, writeHead() {}, end() {} }, done, { scopes: ['chat:write', 'users:read'], redirectUri: callback }).catch(reject);
    });
    const client = new WebClient(stored.bot.token, { slackApiUrl: `${url}/api/` });
    const anonymous = new WebClient(undefined, { slackApiUrl: `${url}/api/` });
    const renewed = await anonymous.oauth.v2.access({
      client_id: app.client_id, client_secret: app.client_secret, grant_type: 'refresh_token', refresh_token: stored.user.refreshToken,
    });
    const who = await client.auth.test();
    const gone = await client.auth.revoke();
    return { stored, renewed, who, revoked: gone.revoked, after: await fails(client.auth.test()) };
  },

  async google() {
    const { OAuth2Client, CodeChallengeMethod } = await load('google-auth-library');
    const client = new OAuth2Client({
      clientId: app.client_id, clientSecret: app.client_secret, redirectUri: callback, issuers: [url],
      endpoints: {
        oauth2AuthBaseUrl: `${url}/o/oauth2/v2/auth`, oauth2TokenUrl: `${url}/token`, oauth2RevokeUrl: `${url}/revoke`,
        tokenInfoUrl: `${url}/tokeninfo`, oauth2FederatedSignonPemCertsUrl: `${url}/oauth2/v1/certs`,
        oauth2FederatedSignonJwkCertsUrl: `${url}/oauth2/v3/certs`,
      },
    });
    const { codeVerifier, codeChallenge } = await client.generateCodeVerifierAsync();
    const page = client.generateAuthUrl({
      access_type: 'offline', prompt: 'consent', scope: ['openid', 'email'], code_challenge: codeChallenge,
      code_challenge_method: CodeChallengeMethod.S256,
    });
    const { code } = await consent(page);
    const { tokens } = await client.getToken({ code, codeVerifier });
    const ticket = await client.verifyIdToken({ idToken: tokens.id_token, audience: app.client_id });
    client.setCredentials(tokens);
    const { credentials: renewed } = await client.refreshAccessToken();
    const info = await client.getTokenInfo(renewed.access_token);
    const revoked = await client.revokeToken(renewed.access_token);
    client.setCredentials(tokens);
    return {
      first: tokens.access_token, renewed: renewed.access_token, kept: renewed.refresh_token === tokens.refresh_token,
      email: ticket.getPayload().email, scopes: info.scopes, revoked: revoked.status, after: await fails(client.refreshAccessToken()),
    };
  },

  async microsoft() {
    const { ConfidentialClientApplication } = await load('@azure/msal-node');
    const clientOf = (tenant) =>
      new ConfidentialClientApplication({
        auth: {
          clientId: app.client_id, clientSecret: app.client_secret, authority: `${url}/${tenant}`, knownAuthorities: [new URL(url).host],
        },
      });
    const client = clientOf('common');
    const scopes = ['User.Read'];
    const page = await client.getAuthCodeUrl({ scopes, redirectUri: callback, state: 's' });
    const { code } = await consent(page, { organisation: 'acme' });
    const first = await client.acquireTokenByCode({ code, scopes, redirectUri: callback });
    const renewed = await client.acquireTokenSilent({ account: first.account, scopes, forceRefresh: true });
    const query = new URLSearchParams({ client_id: app.client_id, redirect_uri: callback, state: 's', scope: 'x/.default' });
    const { tenant } = await consent(`${url}/organizations/v2.0/adminconsent?${query}`, { organisation: 'acme' });
    const own = await clientOf(tenant).acquireTokenByClientCredential({ scopes: ['x/.default'] });
    const refused = await fails(clientOf('globex.onmicrosoft.com').acquireTokenByClientCredential({ scopes: ['x/.default'] }));
    return {
      first: first.accessToken, renewed: renewed.accessToken, claims: first.idTokenClaims, tenant, own: own.accessToken, refused,
    };
  },
};

console.log(JSON.stringify(await readers[process.argv[2]]()));
