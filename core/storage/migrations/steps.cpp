#include <array>

#include "storage/migrations/migrations.hpp"
#include "storage/migrations/step_2_installations.hpp"
#include "storage/migrations/step_3_renewals.hpp"
#include "storage/migrations/step_4_grant_changes.hpp"
#include "storage/migrations/step_5_deliveries.hpp"
#include "storage/migrations/step_6_devices.hpp"

namespace agw::storage {
namespace {

// Times are milliseconds since 1970 in UTC. Lists and objects are JSON text. `lease_*`, `fence` and
// `open_intents` guard the one use of a refresh token; `version` guards every write of ciphertext. An absent
// text is ''.
constexpr const char* kFirst = R"sql(
CREATE TABLE oauth_providers (
  id {text} PRIMARY KEY,
  plugin {text} NOT NULL,
  client_id {text} NOT NULL,
  client_secret {text} NOT NULL,
  auth_url {text} NOT NULL,
  token_url {text} NOT NULL,
  scopes {text} NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE oauth_credentials (
  id {text} PRIMARY KEY,
  profile_id {text} NOT NULL,
  provider_id {text} NOT NULL,
  issuer {text} NOT NULL DEFAULT '',
  subject {text} NOT NULL DEFAULT '',
  access_token {text} NOT NULL,
  refresh_token {text} NOT NULL DEFAULT '',
  carry {text} NOT NULL DEFAULT '',
  issued_at BIGINT NOT NULL,
  token_expiry BIGINT,
  refresh_expires_at BIGINT,
  scopes {text} NOT NULL DEFAULT '[]',
  status {text} NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'needs_consent')),
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  consented_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  lease_owner {text} NOT NULL DEFAULT '',
  lease_until BIGINT,
  fence BIGINT NOT NULL DEFAULT 0,
  open_intents BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  last_error {text} NOT NULL DEFAULT '',
  last_attempt_at BIGINT,
  retry_not_before BIGINT,
  CONSTRAINT unique_user_provider UNIQUE (profile_id, provider_id)
);
CREATE INDEX idx_credentials_expiry ON oauth_credentials (token_expiry);
CREATE INDEX idx_credentials_subject ON oauth_credentials (provider_id, subject);

CREATE TABLE oauth_sessions (
  id {text} PRIMARY KEY,
  profile_id {text} NOT NULL,
  provider_id {text} NOT NULL,
  state {text} NOT NULL UNIQUE,
  status {text} NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'exchanging', 'awaiting_confirmation', 'completed', 'failed')),
  redirect_after {text} NOT NULL DEFAULT '',
  expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  code_verifier {text} NOT NULL DEFAULT '',
  redirect_uri {text} NOT NULL,
  scopes {text} NOT NULL DEFAULT '[]',
  config_fingerprint {text} NOT NULL DEFAULT '',
  started_by {text} NOT NULL DEFAULT '',
  error {text} NOT NULL DEFAULT '',
  account {text} NOT NULL DEFAULT '',
  confirmation_hash {text} NOT NULL DEFAULT '',
  confirmation_tries BIGINT NOT NULL DEFAULT 0,
  pending_tokens {text} NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX idx_sessions_status ON oauth_sessions (status, expires_at);

CREATE TABLE oauth_installations (
  id {text} PRIMARY KEY,
  platform {text} NOT NULL,
  external_org_id {text} NOT NULL DEFAULT '',
  external_org_name {text} NOT NULL DEFAULT '',
  external_install_id {text} NOT NULL DEFAULT '',
  access_token_encrypted {text} NOT NULL DEFAULT '',
  refresh_token_encrypted {text} NOT NULL DEFAULT '',
  carry {text} NOT NULL DEFAULT '',
  issued_at BIGINT,
  token_expires_at BIGINT,
  refresh_expires_at BIGINT,
  scopes {text} NOT NULL DEFAULT '[]',
  permissions {text} NOT NULL DEFAULT '{}',
  metadata {text} NOT NULL DEFAULT '{}',
  installed_by {text} NOT NULL DEFAULT '',
  status {text} NOT NULL DEFAULT 'active',
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  revoked_at BIGINT,
  lease_owner {text} NOT NULL DEFAULT '',
  lease_until BIGINT,
  fence BIGINT NOT NULL DEFAULT 0,
  open_intents BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  last_error {text} NOT NULL DEFAULT '',
  last_attempt_at BIGINT,
  retry_not_before BIGINT
);
CREATE UNIQUE INDEX unique_living_installation ON oauth_installations
  (platform, external_org_id, external_install_id) WHERE revoked_at IS NULL;
CREATE INDEX idx_installations_org ON oauth_installations (platform, external_org_id);
CREATE INDEX idx_installations_expiry ON oauth_installations (token_expires_at);

CREATE TABLE oauth_states (
  state {text} PRIMARY KEY,
  platform {text} NOT NULL,
  code_verifier {text} NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  status {text} NOT NULL DEFAULT 'pending',
  version BIGINT NOT NULL DEFAULT 1,
  lease_owner {text} NOT NULL DEFAULT '',
  lease_until BIGINT,
  fence BIGINT NOT NULL DEFAULT 0,
  open_intents BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX idx_states_expiry ON oauth_states (expires_at);

CREATE TABLE oauth_revocations (
  id {text} PRIMARY KEY,
  provider_id {text} NOT NULL,
  profile_id {text} NOT NULL,
  tokens {text} NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  not_before BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX idx_revocations_due ON oauth_revocations (not_before);

CREATE TABLE api_keys (
  id {text} PRIMARY KEY,
  name {text} NOT NULL,
  prefix {text} NOT NULL,
  key_hash {text} NOT NULL UNIQUE,
  operations {text} NOT NULL,
  providers {text} NOT NULL,
  owners {text} NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  last_used_at BIGINT
);
CREATE UNIQUE INDEX unique_living_key_name ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE audit_log (
  id {counter},
  at BIGINT NOT NULL,
  event {text} NOT NULL,
  request_id {text} NOT NULL,
  key_id {text} NOT NULL,
  provider_id {text} NOT NULL,
  profile_id {text} NOT NULL,
  outcome {text} NOT NULL,
  note {text} NOT NULL
);
CREATE INDEX idx_audit_time ON audit_log (at);

CREATE TABLE gateway_meta (
  name {text} PRIMARY KEY,
  value {text} NOT NULL,
  updated_at BIGINT NOT NULL
);
)sql";

constexpr std::array<Migration, 6> kSteps{{{1, "first schema", kFirst},
                                           {2, "installations as owners of grants", kStep2Installations},
                                           {3, "schedule of renewals", kStep3Renewals},
                                           {4, "changes of grants are told", "", kStep4GrantChanges},
                                           {5, "deliveries of providers", kStep5Deliveries},
                                           {6, "devices, and challenges of dead grants", kStep6Devices}}};

}  // namespace

std::span<const Migration> migrations() {
  return kSteps;
}

}  // namespace agw::storage
