#pragma once

namespace agw::storage {

/// When the renewal schedule looks at a grant (`firstLookAt` in domain/grant.hpp), and roughly when somebody
/// read it last. The partial index is the schedule: due rows of a provider stand at its front.
inline constexpr const char* kStep3Renewals = R"sql(
ALTER TABLE oauth_credentials ADD COLUMN renew_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE oauth_credentials ADD COLUMN read_at BIGINT;
UPDATE oauth_credentials SET renew_at =
  CASE WHEN token_expiry IS NULL THEN issued_at + 86400000 ELSE issued_at + (token_expiry - issued_at) / 2 END;
DROP INDEX idx_credentials_expiry;
CREATE INDEX idx_credentials_renewal ON oauth_credentials (provider_id, renew_at) WHERE status = 'active';
)sql";

}  // namespace agw::storage
