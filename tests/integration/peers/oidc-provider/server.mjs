// A provider that this project did not write: npm oidc-provider, in memory, as strict as it can be set.
// PORT, REDIRECT_URI, CLIENT_SECRET, ACCESS_TTL and PACKAGES (where npm put them) come from the environment. One line of JSON on standard output for each event.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(path.join(process.env.PACKAGES, 'package.json'));
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const report = (event, facts = {}) => process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'peer-client',
      client_secret: process.env.CLIENT_SECRET,
      redirect_uris: [process.env.REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
  ],
  pkce: { required: () => true },
  features: { revocation: { enabled: true }, devInteractions: { enabled: true } },
  scopes: ['openid', 'offline_access', 'email'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  ttl: { AccessToken: Number(process.env.ACCESS_TTL ?? 60), AuthorizationCode: 60, IdToken: 3600, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600 },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true }),
  }),
  cookies: { keys: [process.env.CLIENT_SECRET] },
});

provider.on('refresh_token.consumed', () => report('refresh_token.consumed'));
provider.on('refresh_token.saved', () => report('refresh_token.saved'));
provider.on('grant.revoked', () => report('grant.revoked'));
provider.on('grant.success', (context) => report('grant.success', { type: context.oidc.params.grant_type }));
provider.on('grant.error', (context, error) =>
  report('grant.error', { type: context.oidc?.params?.grant_type, error: error.error, detail: error.error_detail }),
);
provider.on('authorization.error', (_context, error) =>
  report('authorization.error', { error: error.error, detail: error.error_description }),
);
provider.on('server_error', (_context, error) => report('server_error', { detail: error.message }));

const handle = provider.callback();
createServer((request, response) => {
  const path = request.url.split('?')[0];
  response.on('finish', () => report('request', { method: request.method, path, status: response.statusCode }));
  handle(request, response);
}).listen(port, '127.0.0.1', () => report('listening', { issuer }));
