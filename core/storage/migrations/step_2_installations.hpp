#pragma once

namespace agw::storage {

/// Nothing ever wrote the two tables that step 1 made, so they are made anew. The tokens of an installation
/// are rows of `oauth_credentials` owned by `installation:<consent_id>[/<kind>]`; `token_owner` is the owner
/// of the one that serves callers who name no kind.
inline constexpr const char* kStep2Installations = R"sql(
DROP TABLE oauth_installations;
CREATE TABLE oauth_installations (
  id {text} PRIMARY KEY,
  platform {text} NOT NULL,
  external_org_id {text} NOT NULL,
  external_org_name {text} NOT NULL DEFAULT '',
  external_install_id {text} NOT NULL DEFAULT '',
  consent_id {text} NOT NULL,
  kinds {text} NOT NULL DEFAULT '[]',
  token_owner {text} NOT NULL DEFAULT '',
  scopes {text} NOT NULL DEFAULT '[]',
  permissions {text} NOT NULL DEFAULT '{}',
  metadata {text} NOT NULL DEFAULT '{}',
  installed_by {text} NOT NULL DEFAULT '',
  status {text} NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'revoked')),
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE UNIQUE INDEX unique_living_installation ON oauth_installations (platform, external_org_id)
  WHERE revoked_at IS NULL;
CREATE INDEX idx_installations_consent ON oauth_installations (platform, consent_id);
CREATE INDEX idx_installations_external ON oauth_installations (platform, external_install_id);
CREATE INDEX idx_installations_created ON oauth_installations (created_at, id);

DROP TABLE oauth_states;
CREATE TABLE oauth_states (
  id {text} PRIMARY KEY,
  state {text} NOT NULL UNIQUE,
  step {text} NOT NULL CHECK (step IN ('ticket', 'redirect')),
  platform {text} NOT NULL,
  code_verifier {text} NOT NULL DEFAULT '',
  redirect_uri {text} NOT NULL DEFAULT '',
  redirect_after {text} NOT NULL DEFAULT '',
  org_id {text} NOT NULL DEFAULT '',
  config_fingerprint {text} NOT NULL DEFAULT '',
  started_by {text} NOT NULL DEFAULT '',
  browser_hash {text} NOT NULL DEFAULT '',
  parameters {text} NOT NULL DEFAULT '{}',
  used_at BIGINT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX idx_states_expiry ON oauth_states (expires_at);
)sql";

}  // namespace agw::storage
