#pragma once

namespace agw::storage {

/// Flows of devices are rows of `oauth_sessions` whose end the gateway asks for: `poll_at` is when next, NULL
/// when never. `challenge` is what a dead grant's provider wants the next consent to answer.
inline constexpr const char* kStep6Devices = R"sql(
ALTER TABLE oauth_sessions ADD COLUMN device_code {text} NOT NULL DEFAULT '';
ALTER TABLE oauth_sessions ADD COLUMN poll_interval BIGINT NOT NULL DEFAULT 0;
ALTER TABLE oauth_sessions ADD COLUMN poll_at BIGINT;
CREATE INDEX idx_sessions_poll ON oauth_sessions (poll_at) WHERE poll_at IS NOT NULL;
ALTER TABLE oauth_credentials ADD COLUMN challenge {text} NOT NULL DEFAULT '';
)sql";

}  // namespace agw::storage
